-- purpose: the segments that a segmentation run found
-- grain: customer, in the order of its id
-- params: none
-- reads: segmented_customers
select
    user_id,
    rfm_segment,
    fused_segment
from segmented_customers
order by user_id
