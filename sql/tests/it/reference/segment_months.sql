-- purpose: who bought in which month, to follow the segments over time
-- grain: user x month in which the user bought; month is its first day
-- params: none
-- reads: session_activity
select
    user_id,
    cast(date_trunc('month', day) as date) as month,
    cast(sum(gross_revenue) as decimal(38, 4)) as gross_revenue
from session_activity
where n_purchases > 0
group by user_id, cast(date_trunc('month', day) as date)
