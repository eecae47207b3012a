-- purpose: the quarantine: what could not be used, where it stands and why
-- grain: one line of the source that cannot be used
-- params: $clean boolean: no row has a reason
-- reads: stg_rows
select
    url as file,
    _line as line,
    reason,
    raw
from stg_rows
where not $clean
    and reason is not null
