-- purpose: how events spread over time, to cut the log into an earlier and a later part
-- grain: one row per stretch of $bucket_us with events, counted from $origin, in order
-- params: $until timestamp, $origin timestamp, $bucket_us bigint microseconds
-- reads: events
select
    (cast(event_time as bigint) - cast($origin as bigint)) / $bucket_us as bucket,
    count(*) as n_events
from events
where user_id is not null
    and event_time < $until
group by (cast(event_time as bigint) - cast($origin as bigint)) / $bucket_us
order by bucket
