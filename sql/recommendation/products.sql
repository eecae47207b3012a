-- purpose: what the log says of each product: its latest category, brand and price, and how much
--          happens with it
-- grain: product, in the order of its id. An attribute is that of the latest event that has one, of
--        events at the same moment the smallest.
-- params: $until timestamp; events at or after it are left aside
-- reads: events
with filings as (
    select
        product_id,
        category_id,
        category_code,
        brand,
        unit_price,
        max(event_time) as last_event_at,
        count(*) as n_events,
        count(*) filter (where event_type = 'purchase') as n_purchases
    from events
    where event_time < $until
    group by product_id, category_id, category_code, brand, unit_price
),

known_to as (
    select product_id, distinct_of(user_id) as n_users
    from events
    where event_time < $until
        and user_id is not null
    group by product_id
),

attributes as (
    select
        product_id,
        last_value(category_id order by last_event_at, category_id desc)
            filter (where category_id is not null) as category_id,
        last_value(category_code order by last_event_at, category_code desc)
            filter (where category_code is not null) as category_code,
        last_value(brand order by last_event_at, brand desc)
            filter (where brand is not null) as brand,
        last_value(unit_price order by last_event_at, unit_price desc)
            filter (where unit_price is not null) as unit_price,
        sum(n_events) as n_events,
        sum(n_purchases) as n_purchases,
        max(last_event_at) as last_event_at
    from filings
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
