-- purpose: how events spread over time, to cut the log into an earlier and a later part
-- grain: one row per stretch of $bucket_us with events, counted from $origin, in order
-- params: $until timestamp, $origin timestamp not after the first event, $bucket_us bigint microseconds (at least 1 is taken); timestamps in microseconds
-- reads: events
with stretches as (
    select
        (cast(event_time as bigint) - cast($origin as bigint))
        / greatest($bucket_us, cast(1 as bigint)) as bucket
    from events
    where user_id is not null
        and event_time < $until
)

select
    bucket,
    count(*) as n_events
from stretches
group by bucket
order by bucket
