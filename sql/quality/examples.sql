-- purpose: for each reason the first row that was rejected for it
-- grain: one reason
-- params: none
-- reads: stg_rows
select
    reason,
    first_value(url order by _file, _line) as file,
    first_value(_line order by _file, _line) as line,
    first_value(raw order by _file, _line) as raw
from stg_rows
where reason is not null
group by reason
order by reason
