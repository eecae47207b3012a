-- purpose: the span of the event log; the default as_of is the midnight after its end
-- grain: one row; both columns are null when the log is empty
-- params: none
-- reads: events
select
    min(event_time) as first_event_at,
    max(event_time) as last_event_at
from events
