//! A numbering of clusters that depends on the clusters alone.

use ndarray::ArrayView2;

/// The clusters in canonical order: falling size, then the centres compared column by column.
pub(crate) fn order(sizes: &[usize], centres: ArrayView2<f64>) -> Vec<usize> {
    let by_centre = |&a: &usize, &b: &usize| {
        let columns = centres.row(a).into_iter().zip(centres.row(b));
        columns
            .map(|(p, q)| p.total_cmp(q))
            .find(|c| c.is_ne())
            .unwrap_or(a.cmp(&b))
    };
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|a, b| sizes[*b].cmp(&sizes[*a]).then_with(|| by_centre(a, b)));
    order
}

/// Rows per label; labels must be below `n_clusters`.
pub(crate) fn count_labels(labels: &[u32], n_clusters: usize) -> Vec<usize> {
    let mut sizes = vec![0; n_clusters];
    for &label in labels {
        sizes[label as usize] += 1;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn larger_clusters_come_first_and_centres_break_ties() {
        let centres = array![[1.0, 5.0], [1.0, -5.0], [0.0, 0.0], [7.0, 0.0]];
        assert_eq!(order(&[3, 3, 1, 9], centres.view()), [3, 1, 0, 2]);
    }
}
