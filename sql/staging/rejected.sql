-- purpose: the quarantine: what could not be used, where it stands and why
-- grain: one line of the source that cannot be used
-- params: none
-- reads: stg_rows
select
    url as file,
    _line as line,
    reason,
    raw
from stg_rows
where reason is not null
