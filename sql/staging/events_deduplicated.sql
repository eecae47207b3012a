-- purpose: the usable rows as the event log, of equal rows one; of a sample of users when
--          $fraction is given. Rows are equal when all columns of the source are, so that every
--          aggregate below is over equal values.
-- grain: one event; rows without a user stay, unless a sample is asked for
-- params: $fraction of the users or null for all, $seed of the sample, $clean boolean: no row has a reason; source_columns: all of them
-- reads: stg_rows
select
    min(event_time) as event_time,
    min(event_type) as event_type,
    min(user_id) as user_id,
    min(product_id) as product_id,
    min(order_id) as order_id,
    min(quantity) as quantity,
    min(unit_price) as unit_price,
    min(category_id) as category_id,
    min(category_code) as category_code,
    min(brand) as brand,
    min(score) as score,
    min(fold) as fold
from stg_rows
where ($clean or reason is null)
    and ($fraction is null or (user_id is not null and unit_hash(user_id, $seed) < $fraction))
group by {{source_columns}}
