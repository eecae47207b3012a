-- purpose: how many readable rows a catalogue has, and how many products
-- grain: one row
-- params: key: the product's column
-- reads: catalogue_rows
with products as (
    select
        {{key}} as product,
        count(*) as n_rows
    from catalogue_rows
    where _error is null
    group by {{key}}
)

select
    coalesce(sum(n_rows), 0) as n_rows,
    count(product) as n_products
from products
