-- purpose: how many events a look back from $as_of leaves aside because they come later
-- grain: one row
-- params: $as_of timestamp
-- reads: events
select count(*) as n_events
from events
where event_time >= $as_of
