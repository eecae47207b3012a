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
    use proptest::prelude::*;

    use super::*;
    use crate::isa::{Isa, run_on};
    use crate::random;
    use crate::rows::squared_distance;
    use crate::tiles::pack;

    /// The sums of deviations from the means, those of their squares, and the scores.
    fn results(
        isa: Isa,
        tiles: &[Column],
        labels: &[u32],
        clusters: &Clusters,
        means: &[f64],
    ) -> [Vec<f64>; 3] {
        let buffers = &mut Buffers::default();
        let mut places = Vec::new();
        let mut sums = vec![0.0; means.len()];
        let mut squares = vec![0.0; clusters.sizes.len()];
        let mut samples = vec![0.0; labels.len()];
        let (labels, origin) = (padded(labels, &mut places), &clusters.origin[..]);
        run_on(
            isa,
            Deviations {
                tiles,
                labels,
                origin,
                means,
                sums: &mut sums,
                buffers,
            },
        );
        run_on(
            isa,
            SquaredDeviations {
                tiles,
                labels,
                origin,
                means,
                sums: &mut squares,
                buffers,
            },
        );
        run_on(
            isa,
            Scores {
                tiles,
                labels,
                clusters,
                samples: &mut samples,
                buffers,
            },
        );
        [sums, squares, samples]
    }

    fn bits(results: [Vec<f64>; 3]) -> Vec<u64> {
        results.iter().flatten().map(|v| v.to_bits()).collect()
    }

    /// Sum of the values of some rows, in the order that [`tiles`](crate::tiles) says.
    fn sum_by_lanes(
        n_rows: usize,
        belongs: impl Fn(usize) -> bool,
        value: impl Fn(usize) -> f64,
    ) -> f64 {
        let rows: Vec<usize> = (0..n_rows).collect();
        let blocks = rows.chunks(BLOCK_TILES * LANES).map(|block| {
            let mut lanes = [0.0; LANES];
            for (place, &row) in block.iter().enumerate() {
                if belongs(row) {
                    lanes[place % LANES] += value(row);
                }
            }
            lanes.iter().sum::<f64>()
        });
        blocks.fold(0.0, |sum, block| sum + block)
    }

    /// The silhouette of each row from its distances to all others.
    fn by_definition(rows: &[&[f64]], labels: &[u32], n_clusters: usize) -> Vec<f64> {
        let score = |(row, &label): (usize, &u32)| {
            let mut sums = vec![(0.0, 0.0); n_clusters];
            for other in (0..rows.len()).filter(|&other| other != row) {
                let (sum, count) = &mut sums[labels[other] as usize];
                *sum += squared_distance(rows[row], rows[other]);
                *count += 1.0;
            }
            let own = sums.remove(label as usize);
            let means = sums.iter().map(|(sum, count)| sum / count);
            let (a, b) = (own.0 / own.1, means.fold(f64::INFINITY, f64::min));
            if own.1 > 0.0 { (b - a) / a.max(b) } else { 0.0 }
        };
        labels.iter().enumerate().map(score).collect()
    }

    proptest! {
        #[test]
        fn every_instruction_set_gives_the_plain_sums_and_the_silhouette(
            (n_rows, n_features, n_clusters) in (10_usize..600, 1_usize..10, 2_usize..10),
            seed: u64,
        ) {
            let mut rng = random::stream(seed, &[]);
            // Every cluster has a row, and the last have few more.
            let mut labels: Vec<u32> = (0..n_clusters as u32).collect();
            labels.resize_with(n_rows, || {
                (n_clusters as f64 * random::unit(&mut rng).powi(4)) as u32
            });
            let values: Vec<f64> =
                (0..n_rows * n_features).map(|_| random::unit(&mut rng)).collect();
            let rows: Vec<&[f64]> = values.chunks(n_features).collect();
            let mut tiles = vec![Column::ZERO; n_rows.div_ceil(LANES) * n_features];
            pack(&values, n_features, f64::INFINITY, &mut tiles);

            let origin: Vec<f64> = (0..n_features).map(|_| random::unit(&mut rng)).collect();
            let shifted: Vec<f64> =
                (values.iter().enumerate()).map(|(i, v)| v - origin[i % n_features]).collect();
            let shifted: Vec<&[f64]> = shifted.chunks(n_features).collect();
            let members = |cluster: usize| {
                (0..n_rows).filter(|&row| labels[row] as usize == cluster).collect::<Vec<_>>()
            };
            let (mut means, mut sizes, mut variances) = (Vec::new(), Vec::new(), Vec::new());
            for cluster in 0..n_clusters {
                let members = members(cluster);
                let size = members.len() as f64;
                let mean = |feature: usize| {
                    members.iter().map(|&row| shifted[row][feature]).sum::<f64>() / size
                };
                let mean: Vec<f64> = (0..n_features).map(mean).collect();
                let squares = members.iter().map(|&row| squared_distance(shifted[row], &mean));
                variances.push(squares.sum::<f64>() / size);
                sizes.push(size);
                means.extend(mean);
            }
            // Deviations from the means themselves would add up to nothing.
            let off: Vec<f64> = means.iter().map(|mean| mean + 0.3).collect();
            let clusters = Clusters { origin, sizes, means, variances };

            let mut sums = Vec::new();
            let mut squares = Vec::new();
            for (cluster, mean) in off.chunks(n_features).enumerate() {
                let belongs = |row: usize| labels[row] as usize == cluster;
                for (feature, &mean) in mean.iter().enumerate() {
                    let value = |row: usize| shifted[row][feature] - mean;
                    sums.push(sum_by_lanes(n_rows, belongs, value));
                }
                let square = |row: usize| squared_distance(shifted[row], mean);
                squares.push(sum_by_lanes(n_rows, belongs, square));
            }
            let portable = results(Isa::Portable, &tiles, &labels, &clusters, &off);
            prop_assert_eq!(&portable[0], &sums);
            prop_assert_eq!(&portable[1], &squares);
            let expected = by_definition(&rows, &labels, n_clusters);
            for (found, expected) in portable[2].iter().zip(expected) {
                prop_assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
            }
            for &isa in Isa::ALL {
                let found = results(isa, &tiles, &labels, &clusters, &off);
                prop_assert_eq!(bits(found), bits(portable.clone()), "{:?}", isa);
            }
        }
    }

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
        let bits_on = |isa: Isa| bits(results(isa, &tiles, &labels, &clusters, &clusters.means));
        for &isa in Isa::ALL {
            assert_eq!(bits_on(isa), bits_on(Isa::Portable), "{isa:?}");
        }
    }
}
