-- purpose: a shop's catalogue, which may name a product several times, as one row per product: of
--          its rows the one with the most columns filled; among equally full ones the first in the
--          order of the columns, read as text from left to right, empty last
-- grain: one product
-- params: key: the product's column, columns: the others, filled: how many of them have a value, order: their order
-- reads: catalogue_rows
with ranked as (
    select
        {{key}},
        {{columns}},
        row_number() over (partition by {{key}} order by {{filled}} desc, {{order}}) as place
    from catalogue_rows
    where _error is null
        and {{key}} is not null
)

select {{key}}, {{columns}}
from ranked
where place = 1
