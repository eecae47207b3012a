-- purpose: what each user's events say of each product. An event is worth its score or, without
--          one, the weight of its type, halved for every $half_life_days of age; each event's worth
--          is rounded to a millionth before it is added, so that sums are exact.
-- grain: user x product. score is that of the latest event with a score, of events at the same
--        moment the largest, to a millionth; fold likewise, the smallest. Both are null where no
--        event has one.
-- params: $from timestamp or null, $until timestamp or null (not part of it), $decay_to timestamp from which ages are counted back (later events have none), $half_life_days double or null, $view $cart $purchase $remove_from_cart $return doubles; timestamps in microseconds
-- reads: events
with known as (
    select
        user_id,
        product_id,
        event_time,
        score,
        fold,
        cast(cast(event_time as bigint) as decimal(19, 0)) as moment,
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
),

-- A moment and what was said in it, as one number that sorts by the moment first: what was said
-- takes the lower digits, moved so that it is never below zero. The largest of such numbers costs a
-- group 16 bytes; `last_value(… order by …)` costs it hundreds, and every batch a look at every
-- group. Scores are within 10^12 either way (`bad_score`).
said as (
    select
        user_id,
        product_id,
        event_time,
        cast(worth * decay as decimal(24, 6)) as worth,
        case
            when score is not null then
                moment * cast(10000000000000 as decimal(14, 0))
                + (cast(score as decimal(19, 6)) + cast(1000000000000 as decimal(13, 0)))
        end as scored,
        case
            when fold is not null then
                moment * cast(10000000000 as decimal(11, 0))
                + cast(2147483647 - cast(fold as bigint) as decimal(10, 0))
        end as folded
    from known
),

pairs as (
    select
        user_id,
        product_id,
        cast(sum(worth) as decimal(38, 6)) as evidence,
        count(*) as n_events,
        max(event_time) as last_event_at,
        -- The remainder of a moment before 1970 is negative; one period more makes it right.
        (max(scored) % cast(10000000000000 as decimal(14, 0))
            + cast(10000000000000 as decimal(14, 0)))
        % cast(10000000000000 as decimal(14, 0)) as scored,
        (max(folded) % cast(10000000000 as decimal(11, 0))
            + cast(10000000000 as decimal(11, 0)))
        % cast(10000000000 as decimal(11, 0)) as folded
    from said
    group by user_id, product_id
)

select
    user_id,
    product_id,
    evidence,
    cast(scored - cast(1000000000000 as decimal(13, 0)) as double) as score,
    n_events,
    last_event_at,
    cast(2147483647 - cast(folded as bigint) as int) as fold
from pairs
