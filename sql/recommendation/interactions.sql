-- purpose: the pairs in the order of their ids, with whether user and product have enough events to
--          be learned from
-- grain: user x product
-- params: $min_user_events bigint, $min_product_events bigint
-- reads: pairs
with users as (
    select user_id, sum(n_events) as n_events
    from pairs
    group by user_id
),

products as (
    select product_id, sum(n_events) as n_events
    from pairs
    group by product_id
)

select
    pairs.user_id,
    pairs.product_id,
    pairs.evidence,
    pairs.score,
    pairs.n_events,
    pairs.last_event_at,
    pairs.fold,
    users.n_events >= $min_user_events
        and products.n_events >= $min_product_events as enough
from pairs
inner join users on pairs.user_id = users.user_id
inner join products on pairs.product_id = products.product_id
order by pairs.user_id, pairs.product_id
