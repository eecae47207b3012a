use super::error::RankingError;

/// The share of the catalogue that is recommended to anybody: distinct items in the lists, divided
/// by `n_items`. As RecTools `CatalogCoverage`.
///
/// # Errors
/// No items, or an item out of range.
pub fn coverage<R: AsRef<[u32]>>(lists: &[R], n_items: usize) -> Result<f64, RankingError> {
    if n_items == 0 {
        return Err(RankingError::Nothing);
    }
    let mut shown = vec![false; n_items];
    for &item in lists.iter().flat_map(AsRef::as_ref) {
        *shown
            .get_mut(item as usize)
            .ok_or(RankingError::OutOfRange {
                index: item,
                n: n_items,
            })? = true;
    }
    let n_shown = shown.iter().filter(|&&shown| shown).count();
    Ok(n_shown as f64 / n_items as f64)
}

/// How little known the recommended items are: the mean of `-log2(users of the item / n_users)` in
/// each list, then over the lists that are not empty. In bits; 0 if everybody knows all of them.
///
/// `item_users` is the number of users per item before the recommendation; an item with none
/// counts as known to one. As RecTools `MeanInvUserFreq`.
///
/// # Errors
/// No users, no list that is not empty, an item out of range.
pub fn novelty<R: AsRef<[u32]>>(
    lists: &[R],
    item_users: &[usize],
    n_users: usize,
) -> Result<f64, RankingError> {
    let (mut sum, mut n_lists) = (0.0, 0_usize);
    for list in lists
        .iter()
        .map(AsRef::as_ref)
        .filter(|list| !list.is_empty())
    {
        let mut bits = 0.0;
        for &item in list {
            let users = item_users
                .get(item as usize)
                .ok_or(RankingError::OutOfRange {
                    index: item,
                    n: item_users.len(),
                })?;
            bits -= ((*users).max(1) as f64 / n_users as f64).log2();
        }
        sum += bits / list.len() as f64;
        n_lists += 1;
    }
    if n_lists == 0 || n_users == 0 {
        return Err(RankingError::Nothing);
    }
    Ok(sum / n_lists as f64)
}
