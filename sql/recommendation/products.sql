-- purpose: what the log says of each product: its latest category, brand and price, and how much
--          happens with it
-- grain: product, in the order of its id. An attribute is that of the latest event that has one, of
--        events at the same moment the smallest.
-- params: $until timestamp; events at or after it are left aside
-- reads: events
with moments as (
    select
        product_id,
        event_time,
        min(category_id) as category_id,
        min(category_code) as category_code,
        min(brand) as brand,
        min(unit_price) as unit_price,
        count(*) as n_events,
        count(*) filter (where event_type = 'purchase') as n_purchases
    from events
    where event_time < $until
    group by product_id, event_time
),

product_users as (
    select product_id, user_id
    from events
    where event_time < $until
        and user_id is not null
    group by product_id, user_id
),

known_to as (
    select product_id, count(*) as n_users
    from product_users
    group by product_id
),

attributes as (
    select
        product_id,
        last_value(category_id order by event_time)
            filter (where category_id is not null) as category_id,
        last_value(category_code order by event_time)
            filter (where category_code is not null) as category_code,
        last_value(brand order by event_time) filter (where brand is not null) as brand,
        last_value(unit_price order by event_time)
            filter (where unit_price is not null) as unit_price,
        sum(n_events) as n_events,
        sum(n_purchases) as n_purchases,
        max(event_time) as last_event_at
    from moments
    group by product_id
)

select
    attributes.product_id,
    attributes.category_id,
    attributes.category_code,
    attributes.brand,
    attributes.unit_price,
    attributes.n_events,
    attributes.n_purchases,
    coalesce(known_to.n_users, 0) as n_users,
    attributes.last_event_at
from attributes
left join known_to on attributes.product_id = known_to.product_id
order by attributes.product_id
