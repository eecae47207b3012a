-- purpose: planned, never run: whether the expressions of a mapping can be, and of which types
-- grain: one line of the source
-- params: expressions: those of the mapping, each as its column of the event log; source: the table
-- reads: source_rows or source_with_catalogue
select {{expressions}}
from {{source}}
