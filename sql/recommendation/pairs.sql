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

said as (
    select
        user_id,
        product_id,
        event_time,
        cast(worth * decay as decimal(24, 6)) as worth,
        score,
        fold
    from known
),

ledgers as (
    select
        user_id as whose,
        ledger(product_id, event_time, worth, score, fold) as pages
    from said
    group by user_id
),

-- After a group by, whose counts as a key, and unnest does not take that back: a later
-- `order by user_id, product_id` would be cut to its first half. A case is no key.
pairs as (
    select
        case when pages is not null then whose end as user_id,
        unnest(pages) as page
    from ledgers
)

select
    user_id,
    page['key'] as product_id,
    page['amount'] as evidence,
    cast(page['score'] as double) as score,
    page['n'] as n_events,
    page['last_at'] as last_event_at,
    cast(page['mark'] as int) as fold
from pairs
