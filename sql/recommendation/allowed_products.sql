-- purpose: the products that pass a filter of the user's
-- grain: product, in the order of its id
-- params: predicate: a condition over the columns of the table
-- reads: products
select product_id
from products
where product_id is not null
    and (
        {{predicate}}
    )
group by product_id
order by product_id
