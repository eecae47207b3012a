-- purpose: the behaviour of each user, which scores, clusters and segments are made from
-- grain: one row per user with at least one event before $as_of; a rate whose denominator is zero
--        is null. A session is an order_id or, for events without one, the calendar day (UTC).
-- params: $as_of timestamp; events at or after it are left aside
-- reads: events
with known as (
    select
        user_id,
        product_id,
        order_id,
        event_time,
        cast(
            case event_type
                when 'view' then 1
                when 'cart' then 2
                when 'purchase' then 4
                when 'return' then 8
                when 'remove_from_cart' then 16
                else 0
            end as tinyint
        ) as kind,
        case when event_type in ('purchase', 'return') then quantity end as quantity,
        case
            when event_type in ('purchase', 'return')
                then coalesce(cast(quantity * unit_price as decimal(38, 4)), 0)
        end as amount,
        coalesce(category_code, cast(category_id as varchar)) as category,
        brand
    from events
    where user_id is not null
        and event_time < $as_of
),

-- The time of the day, also where a moment before 1970 is negative.
timed as (
    select
        *,
        (cast(event_time as bigint) % 86400000000 + 86400000000) % 86400000000 as day_us
    from known
),

dated as (
    select
        *,
        (cast(event_time as bigint) - day_us) / 86400000000 as day
    from timed
),

-- One pass. `tally(key, flags)` counts different keys by what happened to them, their flags or-ed
-- over their events: at place 1 + f of its list stands how many keys have f. The flags are 1 for a
-- view, 2 for a cart, 4 for a purchase.
users as (
    select
        user_id,
        count(*) as n_events,
        count(*) filter (where kind = 1) as n_views,
        count(*) filter (where kind = 2) as n_carts,
        count(*) filter (where kind = 16) as n_removes,
        count(*) filter (where kind = 4) as n_purchases,
        count(*) filter (where kind = 8) as n_returns,
        count(*) filter (where day_us < 21600000000) as n_night_events,
        -- 1970-01-01 was a Thursday: the days of the week count from Monday.
        count(*) filter (where ((day % 7) + 10) % 7 >= 5) as n_weekend_events,
        tally(order_id, kind % 8) as orders,
        tally(case when order_id is null then cast(cast(day as int) as date) end, kind % 8)
            as order_days,
        distinct_of(cast(cast(day as int) as date)) as active_days,
        tally(product_id, kind % 8) as products,
        favourite(category) as categories,
        distinct_of(brand) as distinct_brands,
        coalesce(sum(quantity) filter (where kind = 4), 0) as units,
        coalesce(sum(quantity) filter (where kind = 8), 0) as returned_units,
        coalesce(sum(amount) filter (where kind = 4), 0) as gross_revenue,
        coalesce(sum(amount) filter (where kind = 8), 0) as returned_revenue,
        min(event_time) as first_event_at,
        max(event_time) as last_event_at,
        min(event_time) filter (where kind = 4) as first_purchase_at,
        max(event_time) filter (where kind = 4) as last_purchase_at,
        latest_start(order_id, event_time) filter (where kind = 4) as last_order_start,
        latest_start(case when order_id is null then cast(cast(day as int) as date) end, event_time)
            filter (where kind = 4) as last_day_start
    from dated
    group by user_id
),

-- The lists as counts: the places with a flag are those whose number less one has its bit.
counted as (
    select
        user_id,
        n_events,
        n_views,
        n_carts,
        n_removes,
        n_purchases,
        n_returns,
        n_night_events,
        n_weekend_events,
        active_days,
        orders[1] + orders[2] + orders[3] + orders[4]
        + orders[5] + orders[6] + orders[7] + orders[8]
        + order_days[1] + order_days[2] + order_days[3] + order_days[4]
        + order_days[5] + order_days[6] + order_days[7] + order_days[8] as n_sessions,
        orders[5] + orders[6] + orders[7] + orders[8]
        + order_days[5] + order_days[6] + order_days[7] + order_days[8] as n_orders,
        orders[3] + orders[4] + orders[7] + orders[8]
        + order_days[3] + order_days[4] + order_days[7] + order_days[8] as n_cart_sessions,
        orders[3] + orders[4] + order_days[3] + order_days[4] as n_abandoned_sessions,
        products[1] + products[2] + products[3] + products[4]
        + products[5] + products[6] + products[7] + products[8] as distinct_products,
        products[2] + products[4] + products[6] + products[8] as viewed_products,
        products[4] + products[8] as viewed_and_carted_products,
        products[3] + products[4] + products[7] + products[8] as carted_products,
        products[7] + products[8] as carted_and_purchased_products,
        categories['n'] as distinct_categories,
        categories['top'] as top_category,
        distinct_brands,
        units,
        returned_units,
        cast(gross_revenue as decimal(38, 4)) as gross_revenue,
        cast(returned_revenue as decimal(38, 4)) as returned_revenue,
        first_event_at,
        last_event_at,
        first_purchase_at,
        last_purchase_at,
        greatest(last_order_start, last_day_start) as last_order_at
    from users
)

select
    user_id,
    n_views,
    n_carts,
    n_removes,
    n_purchases,
    n_returns,
    n_orders,
    n_sessions,
    active_days,
    distinct_products,
    distinct_categories,
    distinct_brands,
    units,
    returned_units,
    gross_revenue,
    returned_revenue,
    cast(gross_revenue - returned_revenue as decimal(38, 4)) as net_revenue,
    cast(gross_revenue as double) / nullif(n_orders, 0) as mean_basket,
    cast(viewed_and_carted_products as double) / nullif(viewed_products, 0) as view_to_cart_rate,
    cast(carted_and_purchased_products as double)
        / nullif(carted_products, 0) as cart_to_purchase_rate,
    cast(n_abandoned_sessions as double) / nullif(n_cart_sessions, 0) as abandonment_rate,
    -- Returns of what was bought before the log began can outnumber its purchases.
    case
        when units > 0 then cast(least(returned_units, units) as double) / units
    end as return_rate,
    (cast($as_of as bigint) - cast(first_event_at as bigint)) / 86400000000 as tenure_days,
    case
        when n_orders > 1 then
            cast(cast(last_order_at as bigint) - cast(first_purchase_at as bigint) as double)
            / 86400000000.0 / (n_orders - 1)
    end as days_between_orders,
    cast(n_weekend_events as double) / n_events as weekend_share,
    cast(n_night_events as double) / n_events as night_share,
    top_category,
    first_event_at,
    last_event_at,
    first_purchase_at,
    last_purchase_at
from counted
