//! The passes over the rows, for several instruction sets. Rows are shifted by the origin a block at
//! a time; sums go by lanes as [`tiles`](crate::tiles) says, with blocks of 256 rows.

use super::clusters::Clusters;
use crate::isa::{Kernel, unrolled};
use crate::tiles::{Column, LANES, NOBODY, add_kept, each_distance, members, squared_distances};

/// Tiles per block.
const BLOCK_TILES: usize = 32;

/// The labels of a chunk, filled up to whole tiles.
pub(super) fn padded<'b>(labels: &[u32], places: &'b mut Vec<u32>) -> &'b [u32] {
    places.clear();
    places.extend_from_slice(labels);
    places.resize(labels.len().next_multiple_of(LANES), NOBODY);
    places
}

/// Fills the buffer with the tiles shifted by the origin.
#[inline(always)]
fn shift(tiles: &[Column], origin: &[f64], buffer: &mut Vec<Column>) {
    buffer.resize(tiles.len(), Column::ZERO);
    let shifted = buffer.chunks_exact_mut(origin.len());
    for (to, from) in shifted.zip(tiles.chunks_exact(origin.len())) {
        for ((to, from), &zero) in to.iter_mut().zip(from).zip(origin) {
            for lane in 0..LANES {
                to.0[lane] = from.0[lane] - zero;
            }
        }
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
    pub(super) buffer: &'a mut Vec<Column>,
}

impl Kernel for Deviations<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let n_features = self.origin.len();
        let (labels, _) = self.labels.as_chunks::<LANES>();
        let blocks = self.tiles.chunks(BLOCK_TILES * n_features);
        for (tiles, labels) in blocks.zip(labels.chunks(BLOCK_TILES)) {
            shift(tiles, self.origin, self.buffer);
            let means = self.means.chunks_exact(n_features);
            let sums = self.sums.chunks_exact_mut(n_features);
            for ((label, mean), sums) in (0_u32..).zip(means).zip(sums) {
                let block = (self.buffer.as_slice(), labels, label);
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
    (tiles, labels, label): (&[Column], &[[u32; LANES]], u32),
    mean: &[f64],
    first: usize,
    sums: &mut [f64],
) -> usize {
    let mut lanes = [[0.0; LANES]; N];
    if let Some(centre) = mean[first..].first_chunk::<N>() {
        for (tile, labels) in tiles.chunks_exact(mean.len()).zip(labels) {
            let keep = members(labels, label);
            if let Some(columns) = tile[first..].first_chunk::<N>() {
                unrolled!(i < N, {
                    let mut deviations = columns[i].0;
                    for value in &mut deviations {
                        *value -= centre[i];
                    }
                    add_kept(&mut lanes[i], &deviations, &keep);
                });
            }
        }
    }
    for (sum, lanes) in sums.iter_mut().zip(&lanes) {
        *sum += lanes.iter().sum::<f64>();
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
    pub(super) buffer: &'a mut Vec<Column>,
}

impl Kernel for SquaredDeviations<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let n_features = self.origin.len();
        let (labels, _) = self.labels.as_chunks::<LANES>();
        let blocks = self.tiles.chunks(BLOCK_TILES * n_features);
        for (tiles, labels) in blocks.zip(labels.chunks(BLOCK_TILES)) {
            shift(tiles, self.origin, self.buffer);
            let means = self.means.chunks_exact(n_features);
            for ((label, mean), sum) in (0_u32..).zip(means).zip(self.sums.iter_mut()) {
                let mut lanes = Column::ZERO;
                for (tile, labels) in self.buffer.chunks_exact(n_features).zip(labels) {
                    let [squares] = squared_distances::<1>(tile, mean);
                    add_kept(&mut lanes.0, &squares.0, &members(labels, label));
                }
                *sum += lanes.sum();
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
    pub(super) buffer: &'a mut Vec<Column>,
}

impl Kernel for Scores<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let clusters = self.clusters;
        let tiles = self.tiles.chunks_exact(clusters.origin.len());
        let (labels, _) = self.labels.as_chunks::<LANES>();
        for ((tile, labels), samples) in tiles.zip(labels).zip(self.samples.chunks_mut(LANES)) {
            shift(tile, &clusters.origin, self.buffer);
            let mut own = [0.0; LANES];
            let mut other = [f64::INFINITY; LANES];
            each_distance::<ROWS>(self.buffer, &clusters.means, |cluster, distances| {
                let variance = clusters.variances[cluster];
                let keep = members(labels, cluster as u32);
                for lane in 0..LANES {
                    let mean_distance = distances.0[lane] + variance;
                    let here = keep[lane] != 0;
                    let elsewhere = if here { f64::INFINITY } else { mean_distance };
                    own[lane] = if here { mean_distance } else { own[lane] };
                    other[lane] = if elsewhere < other[lane] {
                        elsewhere
                    } else {
                        other[lane]
                    };
                }
            });
            // Places behind the last row count as alone; nobody reads their score.
            let mut sizes = [1.0; LANES];
            for (size, &label) in sizes.iter_mut().zip(&labels[..samples.len()]) {
                *size = clusters.sizes[label as usize];
            }
            let mut scores = [0.0; LANES];
            for lane in 0..LANES {
                let a = own[lane] * sizes[lane] / (sizes[lane] - 1.0);
                scores[lane] = silhouette(sizes[lane], a, other[lane]);
            }
            samples.copy_from_slice(&scores[..samples.len()]);
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
