-- purpose: how many readable rows repeat an earlier one in every column of the source
-- grain: one row
-- params: source_columns: all of them
-- reads: source_rows
with copies as (
    select count(*) as n_rows
    from source_rows
    where _error is null
    group by {{source_columns}}
)

select coalesce(sum(n_rows - 1), 0) as n_duplicates
from copies
