-- purpose: the quarantine in the order of the source, to be kept with a run
-- grain: one line of the source that cannot be used
-- params: none
-- reads: rejected
select
    file,
    line,
    reason,
    raw
from rejected
order by file, line, reason, raw
