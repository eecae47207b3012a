-- purpose: what each user did, session by session; the source of all counts of events, sessions,
--          orders and days, and of all sums of units and money
-- grain: user x session x UTC day. A session is an order_id or, for events without one, the
--        calendar day (order_id is then null). A session that runs past midnight has two rows.
-- params: $as_of timestamp; events at or after it are left aside
-- reads: events
with known as (
    select
        user_id,
        order_id,
        cast(event_time as date) as day,
        event_time,
        event_type,
        case when extract(hour from event_time) < 6 then 1 else 0 end as is_night,
        quantity,
        coalesce(cast(quantity * unit_price as decimal(38, 4)), 0) as amount
    from events
    where user_id is not null
        and event_time < $as_of
)

select
    user_id,
    order_id,
    day,
    count(*) as n_events,
    count(*) filter (where event_type = 'view') as n_views,
    count(*) filter (where event_type = 'cart') as n_carts,
    count(*) filter (where event_type = 'remove_from_cart') as n_removes,
    count(*) filter (where event_type = 'purchase') as n_purchases,
    count(*) filter (where event_type = 'return') as n_returns,
    sum(is_night) as n_night_events,
    coalesce(sum(quantity) filter (where event_type = 'purchase'), 0) as units,
    coalesce(sum(quantity) filter (where event_type = 'return'), 0) as returned_units,
    coalesce(sum(amount) filter (where event_type = 'purchase'), 0) as gross_revenue,
    coalesce(sum(amount) filter (where event_type = 'return'), 0) as returned_revenue,
    min(event_time) as first_event_at,
    max(event_time) as last_event_at,
    min(event_time) filter (where event_type = 'purchase') as first_purchase_at,
    max(event_time) filter (where event_type = 'purchase') as last_purchase_at
from known
group by user_id, order_id, day
