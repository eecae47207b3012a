-- purpose: the counts of the account of the data, all from one pass
-- grain: reason x readable x event type x with or without a user x in the sample or not
-- params: $fraction of the users or null for all, $seed of the sample
-- reads: stg_rows
with flagged as (
    select
        *,
        case
            when event_type in ('view', 'cart', 'remove_from_cart', 'purchase', 'return')
                then event_type
        end as known_type,
        user_id is null as anonymous,
        case
            when $fraction is null then true
            when user_id is null then false
            else unit_hash(user_id, $seed) < $fraction
        end as sampled
    from stg_rows
)

select
    reason,
    readable,
    known_type as event_type,
    anonymous,
    sampled,
    count(*) as n_rows,
    min(event_time) as first_event,
    max(event_time) as last_event,
    count(*) filter (where event_time is null) as no_event_time,
    count(*) filter (where known_type is null) as no_event_type,
    count(*) filter (where user_id is null) as no_user_id,
    count(*) filter (where product_id is null) as no_product_id,
    count(*) filter (where order_id is null) as no_order_id,
    count(*) filter (where unit_price is null) as no_unit_price,
    count(*) filter (where category_id is null) as no_category_id,
    count(*) filter (where category_code is null) as no_category_code,
    count(*) filter (where brand is null) as no_brand,
    count(*) filter (where score is null) as no_score,
    count(*) filter (where fold is null) as no_fold,
    count(*) filter (where unit_price = 0) as zero_price
from flagged
group by reason, readable, known_type, anonymous, sampled
