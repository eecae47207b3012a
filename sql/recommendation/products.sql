-- purpose: what the log says of each product: its latest category, brand and price, and how much
--          happens with it
-- grain: product, in the order of its id. An attribute is that of the latest event that has one, of
--        events at the same moment the smallest.
-- params: $until timestamp; events at or after it are left aside
-- reads: events
select
    product_id,
    latest(category_id, event_time) as category_id,
    latest(category_code, event_time) as category_code,
    latest(brand, event_time) as brand,
    latest(unit_price, event_time) as unit_price,
    count(*) as n_events,
    count(*) filter (where event_type = 'purchase') as n_purchases,
    max(event_time) as last_event_at
from events
where event_time < $until
group by product_id
order by product_id
