//! The passes over the rows, for several instruction sets. Rows are shifted by the origin a block at
//! a time; sums go by lanes as [`tiles`](crate::tiles) says, with blocks of 256 rows.

use super::clusters::Clusters;
use crate::isa::{Kernel, unrolled};
use crate::tiles::{Column, LANES, NOBODY, each_distance, in_memory, smaller, squared_distances};

/// Tiles per block.
const BLOCK_TILES: usize = 32;

/// The labels of a chunk, filled up to whole tiles.
pub(super) fn padded<'b>(labels: &[u32], places: &'b mut Vec<u32>) -> &'b [u32] {
    places.clear();
    places.extend_from_slice(labels);
    places.resize(labels.len().next_multiple_of(LANES), NOBODY);
    places
}

/// Buffers of the kernels.
#[derive(Default)]
pub(super) struct Buffers {
    tiles: Vec<Column>,
    masks: Vec<Column>,
}

/// Fills the buffer with the tiles shifted by the origin.
#[inline(always)]
fn shift(tiles: &[Column], origin: &[f64], buffer: &mut Vec<Column>) {
    buffer.resize(tiles.len(), Column::ZERO);
    let shifted = buffer.chunks_exact_mut(origin.len());
    for (to, from) in shifted.zip(tiles.chunks_exact(origin.len())) {
        for ((to, from), &zero) in to.iter_mut().zip(from).zip(origin) {
            let mut shifted = from.0;
            for value in &mut shifted {
                *value -= zero;
            }
            to.0 = in_memory(shifted);
        }
    }
}

/// For the rows of one tile after the other, 1 if they carry a label and 0 if not.
#[inline(always)]
fn members<'b>(labels: &[[u32; LANES]], label: u32, masks: &'b mut Vec<Column>) -> &'b [Column] {
    masks.resize(labels.len(), Column::ZERO);
    for (mask, labels) in masks.iter_mut().zip(labels) {
        let mut lanes = [0.0; LANES];
        for lane in 0..LANES {
            lanes[lane] = if labels[lane] == label { 1.0 } else { 0.0 };
        }
        mask.0 = in_memory(lanes);
    }
    masks
}

/// Adds the values of the lanes to keep. Exact: a product with 1 is the value, and a sum that starts
/// from +0 is not changed by adding a zero. (A factor rather than a choice: the compiler makes better
/// vector instructions of it.)
#[inline(always)]
fn add_kept(sums: &mut [f64; LANES], values: &[f64; LANES], keep: &Column) {
    for lane in 0..LANES {
        sums[lane] += values[lane] * keep.0[lane];
    }
}

/// Adds to `sums`, label by label, the sum of `(row - origin) - mean`.
pub(super) struct Deviations<'a> {
    pub(super) tiles: &'a [Column],
    /// One per place, names of rows in `means`.
    pub(super) labels: &'a [u32],
    pub(super) origin: &'a [f64],
    pub(super) means: &'a [f64],
    pub(super) sums: &'a mut [f64],
    pub(super) buffers: &'a mut Buffers,
}

impl Kernel for Deviations<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let n_features = self.origin.len();
        let (labels, _) = self.labels.as_chunks::<LANES>();
        let blocks = self.tiles.chunks(BLOCK_TILES * n_features);
        for (tiles, labels) in blocks.zip(labels.chunks(BLOCK_TILES)) {
            shift(tiles, self.origin, &mut self.buffers.tiles);
            let means = self.means.chunks_exact(n_features);
            let sums = self.sums.chunks_exact_mut(n_features);
            for ((label, mean), sums) in (0_u32..).zip(means).zip(sums) {
                let masks = members(labels, label, &mut self.buffers.masks);
                let block = (self.buffers.tiles.as_slice(), masks);
                let mut first = 0;
                while first < n_features {
                    let left = &mut sums[first..];
                    first += match left.len() {
                        4.. => deviations::<4>(block, mean, first, left),
                        2.. => deviations::<2>(block, mean, first, left),
                        _ => deviations::<1>(block, mean, first, left),
                    };
                }
            }
        }
    }
}

/// Adds the deviations of a block from the mean of one label, for `N` features from the first on.
/// Returns `N`.
#[inline(always)]
fn deviations<const N: usize>(
    (tiles, masks): (&[Column], &[Column]),
    mean: &[f64],
    first: usize,
    sums: &mut [f64],
) -> usize {
    let mut lanes = [[0.0; LANES]; N];
    if let Some(centre) = mean[first..].first_chunk::<N>() {
        for (tile, keep) in tiles.chunks_exact(mean.len()).zip(masks) {
            if let Some(columns) = tile[first..].first_chunk::<N>() {
                unrolled!(i < N, {
                    let mut deviations = columns[i].0;
                    for value in &mut deviations {
                        *value -= centre[i];
                    }
                    add_kept(&mut lanes[i], &deviations, keep);
                });
            }
        }
    }
    for (sum, lanes) in sums.iter_mut().zip(lanes) {
        *sum += in_memory(lanes).iter().sum::<f64>();
    }
    N
}

/// Adds to `sums`, label by label, the sum of `|(row - origin) - mean|²`.
pub(super) struct SquaredDeviations<'a> {
    pub(super) tiles: &'a [Column],
    /// One per place, names of rows in `means`.
    pub(super) labels: &'a [u32],
    pub(super) origin: &'a [f64],
    pub(super) means: &'a [f64],
    pub(super) sums: &'a mut [f64],
    pub(super) buffers: &'a mut Buffers,
}

impl Kernel for SquaredDeviations<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let n_features = self.origin.len();
        let (labels, _) = self.labels.as_chunks::<LANES>();
        let blocks = self.tiles.chunks(BLOCK_TILES * n_features);
        for (tiles, labels) in blocks.zip(labels.chunks(BLOCK_TILES)) {
            shift(tiles, self.origin, &mut self.buffers.tiles);
            let means = self.means.chunks_exact(n_features);
            for ((label, mean), sum) in (0_u32..).zip(means).zip(self.sums.iter_mut()) {
                let masks = members(labels, label, &mut self.buffers.masks);
                let mut lanes = Column::ZERO;
                for (tile, keep) in self.buffers.tiles.chunks_exact(n_features).zip(masks) {
                    let [squares] = squared_distances::<1>(tile, mean);
                    add_kept(&mut lanes.0, &squares.0, keep);
                }
                *sum += in_memory(lanes.0).iter().sum::<f64>();
            }
        }
    }
}

/// The silhouettes of the rows of a chunk.
pub(super) struct Scores<'a> {
    pub(super) tiles: &'a [Column],
    /// One per place.
    pub(super) labels: &'a [u32],
    pub(super) clusters: &'a Clusters,
    /// One per row.
    pub(super) samples: &'a mut [f64],
    pub(super) buffers: &'a mut Buffers,
}

impl Kernel for Scores<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let clusters = self.clusters;
        let tiles = self.tiles.chunks_exact(clusters.origin.len());
        let (labels, _) = self.labels.as_chunks::<LANES>();
        for ((tile, labels), samples) in tiles.zip(labels).zip(self.samples.chunks_mut(LANES)) {
            shift(tile, &clusters.origin, &mut self.buffers.tiles);
            let mut means = MeanDistances {
                variances: &clusters.variances,
                names: in_memory(labels.map(u64::from)),
                own: [0.0; LANES],
                other: [f64::INFINITY; LANES],
            };
            let tile = &self.buffers.tiles;
            each_distance::<ROWS, _>(tile, &clusters.means, &mut means, MeanDistances::offer);
            let (own, other) = (in_memory(means.own), in_memory(means.other));
            // Places behind the last row count as alone; nobody reads their score.
            let mut sizes = [1.0; LANES];
            for (size, &label) in sizes.iter_mut().zip(&labels[..samples.len()]) {
                *size = clusters.sizes[label as usize];
            }
            let sizes = in_memory(sizes);
            let mut scores = [0.0; LANES];
            for lane in 0..LANES {
                let a = own[lane] * sizes[lane] / (sizes[lane] - 1.0);
                scores[lane] = silhouette(sizes[lane], a, other[lane]);
            }
            samples.copy_from_slice(&in_memory(scores)[..samples.len()]);
        }
    }
}

/// `(b - a) / max(a, b)`, and 0 where that is 0/0 or the row is alone in its cluster.
#[inline(always)]
fn silhouette(size: f64, a: f64, b: f64) -> f64 {
    let larger = if a > b { a } else { b };
    let score = (b - a) / larger;
    if size > 1.0 && larger > 0.0 {
        score
    } else {
        0.0
    }
}

/// Mean distances of the rows of a tile to the clusters, as far as they have been looked at.
struct MeanDistances<'a> {
    variances: &'a [f64],
    /// The cluster of each row; as wide as the distances it decides on.
    names: [u64; LANES],
    /// To the own cluster.
    own: [f64; LANES],
    /// The least to another cluster.
    other: [f64; LANES],
}

impl MeanDistances<'_> {
    #[inline(always)]
    fn offer(&mut self, cluster: usize, distances: &Column) {
        let variance = self.variances[cluster];
        let cluster = cluster as u64;
        for lane in 0..LANES {
            let mean_distance = distances.0[lane] + variance;
            let here = self.names[lane] == cluster;
            let elsewhere = if here { f64::INFINITY } else { mean_distance };
            self.own[lane] = if here { mean_distance } else { self.own[lane] };
            self.other[lane] = smaller(elsewhere, self.other[lane]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, run_on};
    use crate::random;

    #[test]
    fn the_bits_do_not_depend_on_the_instruction_set() {
        let mut rng = random::stream(3, &[]);
        let (n_rows, n_features, n_clusters) = (301_usize, 7, 5);
        let mut tiles = vec![Column::ZERO; n_rows.div_ceil(LANES) * n_features];
        for value in tiles.iter_mut().flat_map(|column| &mut column.0) {
            *value = random::unit(&mut rng);
        }
        let mut draw = |n: usize| (0..n).map(|_| random::unit(&mut rng)).collect::<Vec<f64>>();
        let clusters = Clusters {
            origin: draw(n_features),
            sizes: vec![1.0, 50.0, 80.0, 90.0, 80.0],
            means: draw(n_clusters * n_features),
            variances: draw(n_clusters),
        };
        let labels: Vec<u32> = (0..n_rows as u32).map(|row| row * 7 % 5).collect();
        let mut places = Vec::new();
        let labels = padded(&labels, &mut places);
        let results = |isa: Isa| {
            let mut buffers = Buffers::default();
            let mut all = vec![0.0; n_clusters * n_features + n_clusters + n_rows];
            let (sums, rest) = all.split_at_mut(n_clusters * n_features);
            let (squares, samples) = rest.split_at_mut(n_clusters);
            run_on(
                isa,
                Deviations {
                    tiles: &tiles,
                    labels,
                    origin: &clusters.origin,
                    means: &clusters.means,
                    sums,
                    buffers: &mut buffers,
                },
            );
            run_on(
                isa,
                SquaredDeviations {
                    tiles: &tiles,
                    labels,
                    origin: &clusters.origin,
                    means: &clusters.means,
                    sums: squares,
                    buffers: &mut buffers,
                },
            );
            run_on(
                isa,
                Scores {
                    tiles: &tiles,
                    labels,
                    clusters: &clusters,
                    samples,
                    buffers: &mut buffers,
                },
            );
            all.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        };
        for &isa in Isa::ALL {
            assert_eq!(results(isa), results(Isa::Portable), "{isa:?}");
        }
    }
}
