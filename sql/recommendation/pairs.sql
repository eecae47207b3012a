-- purpose: what each user's events say of each product. An event is worth its score or, without
--          one, the weight of its type, halved for every $half_life_days of age; each event's worth
--          is rounded to a millionth before it is added, so that sums are exact.
-- grain: user x product. score is that of the latest event with a score, of events at the same
--        moment the largest; fold likewise, the smallest. Both are null where no event has one.
-- params: $from timestamp or null, $until timestamp or null (not part of it), $decay_to timestamp from which ages are counted back (later events have none), $half_life_days double or null, $view $cart $purchase $remove_from_cart $return doubles
-- reads: events
with known as (
    select
        user_id,
        product_id,
        event_time,
        score,
        fold,
        coalesce(
            score,
            case event_type
                when 'view' then $view
                when 'cart' then $cart
                when 'purchase' then $purchase
                when 'remove_from_cart' then $remove_from_cart
                when 'return' then $return
            end
        ) as worth,
        case
            when $half_life_days is null or event_time >= $decay_to then 1.0
            else power(
                2.0,
                cast(cast(event_time as bigint) - cast($decay_to as bigint) as double)
                / 86400000000.0 / $half_life_days
            )
        end as decay
    from events
    where user_id is not null
        and ($from is null or event_time >= $from)
        and ($until is null or event_time < $until)
)

select
    user_id,
    product_id,
    cast(sum(cast(worth * decay as decimal(24, 6))) as decimal(38, 6)) as evidence,
    last_value(score order by event_time, score) filter (where score is not null) as score,
    count(*) as n_events,
    max(event_time) as last_event_at,
    last_value(fold order by event_time, fold desc) filter (where fold is not null) as fold
from known
group by user_id, product_id
