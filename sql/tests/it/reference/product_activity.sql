-- purpose: what each user did with each product; the source of the counts of distinct products,
--          categories and brands, of the product funnel and of the favourite category
-- grain: user x product x category x brand. A product that the log files under two categories or
--        brands, or once with and once without one, has a row for each.
-- params: $as_of timestamp; events at or after it are left aside
-- reads: events
with known as (
    select
        user_id,
        product_id,
        coalesce(category_code, cast(category_id as varchar)) as category,
        brand,
        event_type
    from events
    where user_id is not null
        and event_time < $as_of
)

select
    user_id,
    product_id,
    category,
    brand,
    count(*) as n_events,
    count(*) filter (where event_type = 'view') as n_views,
    count(*) filter (where event_type = 'cart') as n_carts,
    count(*) filter (where event_type = 'purchase') as n_purchases
from known
group by user_id, product_id, category, brand
