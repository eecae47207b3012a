-- What each user's events say of each product, with the default weights of the recommendation job,
-- without scores, decay and thresholds. Grain: user x product. Reads: events, as_of.
select
    user_id,
    product_id,
    cast(sum(
        case event_type
            when 'view' then 1
            when 'cart' then 3
            when 'purchase' then 5
            when 'remove_from_cart' then -2
            when 'return' then -4
        end
    ) as decimal(38, 6)) as evidence,
    count(*) as n_events,
    max(event_time) as last_event_at
from events
where user_id is not null
    and event_time < getvariable('as_of')
group by user_id, product_id
order by user_id, product_id
