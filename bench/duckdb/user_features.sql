-- The feature table of the segmentation job. Grain: user. Reads: events, as_of.
with known as (
    select
        user_id,
        order_id,
        product_id,
        coalesce(category_code, cast(category_id as varchar)) as category,
        brand,
        event_time,
        cast(event_time as date) as day,
        event_type,
        quantity,
        coalesce(cast(quantity * unit_price as decimal(38, 4)), 0) as amount
    from events
    where user_id is not null
        and event_time < getvariable('as_of')
),

sessions as (
    select
        user_id,
        order_id,
        case when order_id is null then day end as session_day,
        count(*) as n_events,
        count(*) filter (event_type = 'view') as n_views,
        count(*) filter (event_type = 'cart') as n_carts,
        count(*) filter (event_type = 'remove_from_cart') as n_removes,
        count(*) filter (event_type = 'purchase') as n_purchases,
        count(*) filter (event_type = 'return') as n_returns,
        count(*) filter (hour(event_time) < 6) as n_night_events,
        count(*) filter (dayofweek(day) in (0, 6)) as n_weekend_events,
        coalesce(sum(quantity) filter (event_type = 'purchase'), 0) as units,
        coalesce(sum(quantity) filter (event_type = 'return'), 0) as returned_units,
        coalesce(sum(amount) filter (event_type = 'purchase'), 0) as gross_revenue,
        coalesce(sum(amount) filter (event_type = 'return'), 0) as returned_revenue,
        min(event_time) as first_event_at,
        max(event_time) as last_event_at,
        min(event_time) filter (event_type = 'purchase') as first_purchase_at,
        max(event_time) filter (event_type = 'purchase') as last_purchase_at
    from known
    group by all
),

users as (
    select
        user_id,
        sum(n_events) as n_events,
        sum(n_views) as n_views,
        sum(n_carts) as n_carts,
        sum(n_removes) as n_removes,
        sum(n_purchases) as n_purchases,
        sum(n_returns) as n_returns,
        count(*) filter (n_purchases > 0) as n_orders,
        count(*) as n_sessions,
        count(*) filter (n_carts > 0) as n_cart_sessions,
        count(*) filter (n_carts > 0 and n_purchases = 0) as n_abandoned_sessions,
        sum(n_night_events) as n_night_events,
        sum(n_weekend_events) as n_weekend_events,
        sum(units) as units,
        sum(returned_units) as returned_units,
        sum(gross_revenue) as gross_revenue,
        sum(returned_revenue) as returned_revenue,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at,
        min(first_purchase_at) as first_purchase_at,
        max(last_purchase_at) as last_purchase_at,
        max(first_purchase_at) as last_order_at
    from sessions
    group by user_id
),

days as (
    select user_id, count(*) as active_days
    from (select distinct user_id, day from known)
    group by user_id
),

products as (
    select
        user_id,
        count(*) as distinct_products,
        count(*) filter (n_views > 0) as viewed_products,
        count(*) filter (n_views > 0 and n_carts > 0) as viewed_and_carted_products,
        count(*) filter (n_carts > 0) as carted_products,
        count(*) filter (n_carts > 0 and n_purchases > 0) as carted_and_purchased_products
    from (
        select
            user_id,
            product_id,
            count(*) filter (event_type = 'view') as n_views,
            count(*) filter (event_type = 'cart') as n_carts,
            count(*) filter (event_type = 'purchase') as n_purchases
        from known
        where product_id is not null
        group by user_id, product_id
    )
    group by user_id
),

brands as (
    select user_id, count(*) as distinct_brands
    from (select distinct user_id, brand from known where brand is not null)
    group by user_id
),

categories as (
    select
        user_id,
        count(*) as distinct_categories,
        arg_min(category, (-n_events, category)) as top_category
    from (
        select user_id, category, count(*) as n_events
        from known
        where category is not null
        group by user_id, category
    )
    group by user_id
)

select
    users.user_id,
    users.n_views,
    users.n_carts,
    users.n_removes,
    users.n_purchases,
    users.n_returns,
    users.n_orders,
    users.n_sessions,
    days.active_days,
    coalesce(products.distinct_products, 0) as distinct_products,
    coalesce(categories.distinct_categories, 0) as distinct_categories,
    coalesce(brands.distinct_brands, 0) as distinct_brands,
    users.units,
    users.returned_units,
    users.gross_revenue,
    users.returned_revenue,
    users.gross_revenue - users.returned_revenue as net_revenue,
    cast(users.gross_revenue as double) / nullif(users.n_orders, 0) as mean_basket,
    products.viewed_and_carted_products / nullif(products.viewed_products, 0)
        as view_to_cart_rate,
    products.carted_and_purchased_products / nullif(products.carted_products, 0)
        as cart_to_purchase_rate,
    users.n_abandoned_sessions / nullif(users.n_cart_sessions, 0) as abandonment_rate,
    case when users.units > 0 then least(users.returned_units, users.units) / users.units end
        as return_rate,
    (epoch_us(getvariable('as_of')) - epoch_us(users.first_event_at)) // 86400000000
        as tenure_days,
    case
        when users.n_orders > 1 then
            (epoch_us(users.last_order_at) - epoch_us(users.first_purchase_at))
            / 86400000000.0::double / (users.n_orders - 1)
    end as days_between_orders,
    users.n_weekend_events / users.n_events as weekend_share,
    users.n_night_events / users.n_events as night_share,
    categories.top_category,
    users.first_event_at,
    users.last_event_at,
    users.first_purchase_at,
    users.last_purchase_at
from users
left join days using (user_id)
left join products using (user_id)
left join categories using (user_id)
left join brands using (user_id)
order by users.user_id
