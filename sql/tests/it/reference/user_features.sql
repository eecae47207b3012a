-- purpose: the behaviour of each user, which scores, clusters and segments are made from
-- grain: one row per user with at least one event before $as_of; a rate whose denominator is zero
--        is null. Every count that must be distinct is a group by of a group by.
-- params: $as_of timestamp
-- reads: session_activity, product_activity
with sessions as (
    select
        user_id,
        order_id,
        case when order_id is null then day end as session_day,
        sum(n_events) as n_events,
        sum(n_views) as n_views,
        sum(n_carts) as n_carts,
        sum(n_removes) as n_removes,
        sum(n_purchases) as n_purchases,
        sum(n_returns) as n_returns,
        sum(n_night_events) as n_night_events,
        sum(case when extract(dow from day) in (0, 6) then n_events else 0 end) as n_weekend_events,
        sum(units) as units,
        sum(returned_units) as returned_units,
        sum(gross_revenue) as gross_revenue,
        sum(returned_revenue) as returned_revenue,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at,
        min(first_purchase_at) as first_purchase_at,
        max(last_purchase_at) as last_purchase_at
    from session_activity
    group by user_id, order_id, case when order_id is null then day end
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
        count(*) filter (where n_purchases > 0) as n_orders,
        count(*) as n_sessions,
        count(*) filter (where n_carts > 0) as n_cart_sessions,
        count(*) filter (where n_carts > 0 and n_purchases = 0) as n_abandoned_sessions,
        sum(n_night_events) as n_night_events,
        sum(n_weekend_events) as n_weekend_events,
        sum(units) as units,
        sum(returned_units) as returned_units,
        cast(sum(gross_revenue) as decimal(38, 4)) as gross_revenue,
        cast(sum(returned_revenue) as decimal(38, 4)) as returned_revenue,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at,
        min(first_purchase_at) as first_purchase_at,
        max(last_purchase_at) as last_purchase_at,
        max(first_purchase_at) as last_order_at
    from sessions
    group by user_id
),

user_days as (
    select user_id, day
    from session_activity
    group by user_id, day
),

days as (
    select user_id, count(*) as active_days
    from user_days
    group by user_id
),

user_products as (
    select
        user_id,
        product_id,
        sum(n_views) as n_views,
        sum(n_carts) as n_carts,
        sum(n_purchases) as n_purchases
    from product_activity
    where product_id is not null
    group by user_id, product_id
),

products as (
    select
        user_id,
        count(*) as distinct_products,
        count(*) filter (where n_views > 0) as viewed_products,
        count(*) filter (where n_views > 0 and n_carts > 0) as viewed_and_carted_products,
        count(*) filter (where n_carts > 0) as carted_products,
        count(*) filter (where n_carts > 0 and n_purchases > 0) as carted_and_purchased_products
    from user_products
    group by user_id
),

user_brands as (
    select user_id, brand
    from product_activity
    where brand is not null
    group by user_id, brand
),

brands as (
    select user_id, count(*) as distinct_brands
    from user_brands
    group by user_id
),

user_categories as (
    select user_id, category, sum(n_events) as n_events
    from product_activity
    where category is not null
    group by user_id, category
),

ranked_categories as (
    select
        user_id,
        category,
        row_number() over (partition by user_id order by n_events desc, category asc) as place
    from user_categories
),

categories as (
    select
        user_id,
        count(*) as distinct_categories,
        max(case when place = 1 then category end) as top_category
    from ranked_categories
    group by user_id
),

user_features as (
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
        cast(users.gross_revenue - users.returned_revenue as decimal(38, 4)) as net_revenue,
        cast(users.gross_revenue as double) / nullif(users.n_orders, 0) as mean_basket,
        cast(products.viewed_and_carted_products as double)
            / nullif(products.viewed_products, 0) as view_to_cart_rate,
        cast(products.carted_and_purchased_products as double)
            / nullif(products.carted_products, 0) as cart_to_purchase_rate,
        cast(users.n_abandoned_sessions as double)
            / nullif(users.n_cart_sessions, 0) as abandonment_rate,
        -- Returns of what was bought before the log began can outnumber its purchases.
        case
            when users.units > 0 then
                cast(least(users.returned_units, users.units) as double) / users.units
        end as return_rate,
        (cast($as_of as bigint) - cast(users.first_event_at as bigint)) / 86400000000
            as tenure_days,
        case
            when users.n_orders > 1 then
                cast(
                    cast(users.last_order_at as bigint) - cast(users.first_purchase_at as bigint)
                    as double
                ) / 86400000000.0 / (users.n_orders - 1)
        end as days_between_orders,
        cast(users.n_weekend_events as double) / users.n_events as weekend_share,
        cast(users.n_night_events as double) / users.n_events as night_share,
        categories.top_category,
        users.first_event_at,
        users.last_event_at,
        users.first_purchase_at,
        users.last_purchase_at
    from users
    left join days on users.user_id = days.user_id
    left join products on users.user_id = products.user_id
    left join categories on users.user_id = categories.user_id
    left join brands on users.user_id = brands.user_id
)

select * from user_features
