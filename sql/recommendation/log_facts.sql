-- purpose: what kind of log it is: whether there is anything to learn from, and whether it has scores
-- grain: one row
-- params: $as_of timestamp; events at or after it are left aside
-- reads: events
select
    count(*) as n_events,
    count(score) as n_scores
from events
where user_id is not null
    and event_time < $as_of
