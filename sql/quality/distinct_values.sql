-- purpose: how many different values a column has in the readable rows
-- grain: one row
-- params: column: which one
-- reads: stg_rows
with distinct_values as (
    select {{column}} as value
    from stg_rows
    where readable
        and {{column}} is not null
    group by {{column}}
)

select count(*) as n_values
from distinct_values
