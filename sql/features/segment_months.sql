-- purpose: who bought in which month, to follow the segments over time
-- grain: user x month in which the user bought; month is its first day
-- params: $as_of timestamp; events at or after it are left aside
-- reads: events
with purchases as (
    select
        user_id,
        cast(date_trunc('month', event_time) as date) as month,
        coalesce(cast(quantity * unit_price as decimal(38, 4)), 0) as amount
    from events
    where user_id is not null
        and event_time < $as_of
        and event_type = 'purchase'
)

select
    user_id,
    month,
    cast(sum(amount) as decimal(38, 4)) as gross_revenue
from purchases
group by user_id, month
