-- purpose: the source with what the catalogue knows of each row's product
-- grain: one line of the source, readable or not
-- params: key: the product's column in both; catalogue_columns: the others, as "catalogue.name"
-- reads: source_rows, catalogue_products
select source_rows.*, {{catalogue_columns}}
from source_rows
left join catalogue_products on source_rows.{{key}} = catalogue_products.{{key}}
