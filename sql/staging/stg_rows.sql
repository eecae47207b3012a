-- purpose: every line of the source in the columns of the event log, with the reason why it cannot
--          be used: the first that holds in the order below, or null
-- grain: one line of the source, headers and blank lines aside
-- params: source: the table; per column of the event log its expression and (_given) whether its source columns have values; price_mapped; row_columns: the source's as src_0, src_1, …; row_json: them as JSON; kept: those to carry along
-- reads: source_rows or source_with_catalogue
with mapped as (
    select
        _file,
        _line,
        _url,
        _error,
        _raw,
        {{event_time}} as event_time,
        {{event_type}} as event_type,
        {{user_id}} as user_id,
        {{product_id}} as product_id,
        {{order_id}} as order_id,
        {{quantity}} as quantity,
        {{unit_price}} as unit_price,
        {{category_id}} as category_id,
        {{category_code}} as category_code,
        {{brand}} as brand,
        {{score}} as score,
        {{fold}} as fold,
        {{event_time_given}} as event_time_given,
        {{event_type_given}} as event_type_given,
        {{user_id_given}} as user_id_given,
        {{product_id_given}} as product_id_given,
        {{order_id_given}} as order_id_given,
        {{quantity_given}} as quantity_given,
        {{unit_price_given}} as unit_price_given,
        {{score_given}} as score_given,
        {{fold_given}} as fold_given,
        {{row_columns}}
    from {{source}}
),

judged as (
    select
        *,
        case
            when _error is not null then _error
            when event_time is null and event_time_given then 'bad_event_time'
            when event_time is null then 'missing_event_time'
            when event_type is null and event_type_given then 'unknown_event_type'
            when event_type is null then 'missing_event_type'
            when event_type not in ('view', 'cart', 'remove_from_cart', 'purchase', 'return')
                then 'unknown_event_type'
            when product_id is null and product_id_given then 'bad_product'
            when product_id is null then 'missing_product'
            when user_id is null and user_id_given then 'bad_user'
            when order_id is null and order_id_given then 'bad_order'
            when quantity is null and quantity_given then 'bad_quantity'
            when quantity is null and event_type in ('purchase', 'return') then 'missing_quantity'
            when quantity < 0 then 'negative_quantity'
            when quantity = 0 then 'zero_quantity'
            when unit_price is null and unit_price_given then 'bad_price'
            when unit_price is null and {{price_mapped}} and event_type in ('purchase', 'return')
                then 'missing_price'
            when unit_price < 0 then 'negative_price'
            when score is null and score_given then 'bad_score'
            -- NaN is beyond every bound; sums of what is within this one stay exact.
            when not (abs(score) <= 1e12) then 'bad_score'
            when fold is null and fold_given then 'bad_fold'
        end as reason
    from mapped
)

select
    _file,
    _line,
    reason,
    _error is null as readable,
    case when reason is not null then _url end as url,
    case
        when _error is not null then _raw
        when reason is not null then left({{row_json}}, 2048)
    end as raw,
    event_time,
    event_type,
    user_id,
    product_id,
    order_id,
    coalesce(quantity, 1) as quantity,
    unit_price,
    category_id,
    category_code,
    brand,
    score,
    fold{{kept}}
from judged
