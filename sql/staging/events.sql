-- purpose: the usable rows as the event log; of a sample of users when $fraction is given
-- grain: one event; rows without a user stay, unless a sample is asked for
-- params: $fraction of the users or null for all, $seed of the sample, $clean boolean: no row has a reason
-- reads: stg_rows
select
    event_time,
    event_type,
    user_id,
    product_id,
    order_id,
    quantity,
    unit_price,
    category_id,
    category_code,
    brand,
    score,
    fold
from stg_rows
where ($clean or reason is null)
    and ($fraction is null or (user_id is not null and unit_hash(user_id, $seed) < $fraction))
