//! One pass of Lloyd's iteration over a chunk of rows: labels and sums, without looking again at
//! what cannot have changed.
//!
//! Two things are remembered from pass to pass, and neither changes a bit of the result:
//!
//! - Per tile of eight rows, how far the centroids may move before one of its rows can change
//!   sides: the smallest difference between the distances to the second nearest and to the nearest
//!   centroid, less a margin for rounding (Hamerly 2010, *Making k-means even faster*, with one
//!   bound for a tile). Until the centroids have moved that far, the tile is skipped.
//! - Per block of rows and cluster, the sum of the rows. It is taken anew only if a row of the
//!   block has entered or left the cluster; otherwise it would come out the same.
//!
//! Hence the later iterations, in which few rows change sides, cost little.

use crate::isa::{self, Kernel};
use crate::rows::squared_distance;
use crate::tiles::{
    CHUNK_TILES, Column, LANES, LabelSums, NOBODY, Nearest, SumBuffers, in_memory, nearest,
};

/// Tiles per block, the unit of sums: 256 rows, or a whole chunk if sums for many clusters would
/// take more memory than the rows.
fn block_tiles(n_clusters: usize) -> usize {
    if n_clusters <= 64 { 32 } else { CHUNK_TILES }
}

/// The centroids of a pass.
pub(super) struct Centroids<'a> {
    /// One after another.
    pub(super) values: &'a [f64],
    /// How far they have moved in all passes so far, as [`Moved`] counts.
    pub(super) moved: f64,
    /// Whether to look at every row, as the inertia needs it.
    pub(super) complete: bool,
}

/// What is known of a chunk of rows for one start.
pub(super) struct Part {
    /// One per place in the tiles; [`NOBODY`] before the first pass, and behind the last row.
    labels: Vec<u32>,
    n_rows: usize,
    /// Per tile, the movement of the centroids from which on it has to be looked at.
    due: Vec<f64>,
    /// Block by block, the sum of the rows of each cluster.
    blocks: Vec<f64>,
    /// Block by block, the clusters that rows have entered or left.
    stale: Vec<bool>,
    /// Rows per cluster.
    pub(super) counts: Vec<u64>,
    /// Sum of the rows of each cluster.
    pub(super) sums: Vec<f64>,
    /// Sum of the squared distances to the nearest centroid; after a complete pass only.
    pub(super) inertia: f64,
    /// Whether a row was as near to another centroid; after a complete pass only.
    pub(super) ties: bool,
    /// Whether the last pass changed a label.
    pub(super) changed: bool,
}

impl Part {
    pub(super) fn new(n_rows: usize, n_clusters: usize, n_features: usize) -> Self {
        let n_tiles = n_rows.div_ceil(LANES);
        let n_blocks = n_tiles.div_ceil(block_tiles(n_clusters));
        Self {
            labels: vec![NOBODY; n_tiles * LANES],
            n_rows,
            due: vec![0.0; n_tiles],
            blocks: vec![0.0; n_blocks * n_clusters * n_features],
            stale: vec![false; n_blocks * n_clusters],
            counts: vec![0; n_clusters],
            sums: vec![0.0; n_clusters * n_features],
            inertia: 0.0,
            ties: false,
            changed: false,
        }
    }

    /// About how many bytes this takes per row.
    pub(super) fn bytes_per_row(n_clusters: usize, n_features: usize) -> usize {
        let sums = n_clusters * n_features * size_of::<f64>();
        size_of::<u32>() + 1 + sums.div_ceil(block_tiles(n_clusters) * LANES)
    }

    /// The label of each row.
    pub(super) fn labels(&self) -> &[u32] {
        &self.labels[..self.n_rows]
    }

    /// Finds the nearest centroid of each row of the chunk, and the sums.
    pub(super) fn pass(
        &mut self,
        tiles: &[Column],
        n_features: usize,
        centroids: &Centroids<'_>,
        buffers: &mut SumBuffers,
    ) {
        isa::run(Assign {
            tiles,
            n_features,
            centroids,
            part: self,
        });
        if self.changed {
            self.sum_up(tiles, n_features, buffers);
        }
    }

    /// Takes the stale sums anew.
    fn sum_up(&mut self, tiles: &[Column], n_features: usize, buffers: &mut SumBuffers) {
        let n_clusters = self.counts.len();
        let block = block_tiles(n_clusters);
        let width = n_clusters * n_features;
        let blocks = tiles
            .chunks(block * n_features)
            .zip(self.labels.chunks(block * LANES))
            .zip(self.blocks.chunks_mut(width))
            .zip(self.stale.chunks(n_clusters));
        for (((tiles, labels), sums), stale) in blocks {
            if stale.contains(&true) {
                isa::run(LabelSums {
                    tiles,
                    n_features,
                    labels,
                    wanted: stale,
                    sums,
                    buffers,
                });
            }
        }
        for (cluster, sums) in self.sums.chunks_exact_mut(n_features).enumerate() {
            let mut stale = self.stale[cluster..].iter().step_by(n_clusters);
            if stale.any(|&stale| stale) {
                sums.fill(0.0);
                for block in self.blocks.chunks_exact(width) {
                    for (sum, more) in sums.iter_mut().zip(&block[cluster * n_features..]) {
                        *sum += more;
                    }
                }
            }
        }
        self.stale.fill(false);
    }
}

/// The assignment of the rows of a chunk; marks what has changed.
struct Assign<'a> {
    tiles: &'a [Column],
    n_features: usize,
    centroids: &'a Centroids<'a>,
    part: &'a mut Part,
}

impl Kernel for Assign<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Self {
            tiles,
            n_features,
            centroids,
            part,
        } = self;
        let n_clusters = part.counts.len();
        let block = block_tiles(n_clusters);
        let margin = relative_error(n_features);
        part.changed = false;
        part.ties = false;
        part.inertia = 0.0;
        let mut rows_left = part.n_rows;
        let (labels, _) = part.labels.as_chunks_mut::<LANES>();
        let blocks = (tiles.chunks(block * n_features))
            .zip(labels.chunks_mut(block))
            .zip(part.due.chunks_mut(block))
            .zip(part.stale.chunks_mut(n_clusters));
        for (((tiles, labels), due), stale) in blocks {
            let mut distances = Column::ZERO;
            let rows = tiles.chunks_exact(n_features).zip(labels);
            for ((tile, labels), due) in rows.zip(due) {
                let here = LANES.min(rows_left);
                rows_left -= here;
                if !centroids.complete && centroids.moved < *due {
                    continue;
                }
                let found = nearest::<ROWS>(tile, centroids.values);
                let mut differs = 0;
                for (label, found) in labels.iter().zip(&found.labels) {
                    differs |= label ^ found;
                }
                if differs != 0 {
                    part.changed |=
                        relabel(&mut labels[..here], &found.labels, &mut part.counts, stale);
                }
                if centroids.complete {
                    for lane in 0..here {
                        distances.0[lane] += found.best[lane];
                        part.ties |= found.second[lane] <= found.best[lane];
                    }
                }
                let far_enough = centroids.moved + f64::from(least_gap(&found, margin));
                // Rounded down whatever the rounding of the addition.
                *due = far_enough - far_enough * ROUNDING;
            }
            part.inertia += distances.sum();
        }
    }
}

/// Gives rows their new labels; counts them, and marks the clusters they have entered or left. Returns
/// whether a label has changed.
#[inline(always)]
fn relabel(labels: &mut [u32], new: &[u32], counts: &mut [u64], stale: &mut [bool]) -> bool {
    let mut changed = false;
    for (label, &new) in labels.iter_mut().zip(new) {
        if *label == new {
            continue;
        }
        if *label != NOBODY {
            stale[*label as usize] = true;
            counts[*label as usize] -= 1;
        }
        stale[new as usize] = true;
        counts[new as usize] += 1;
        *label = new;
        changed = true;
    }
    changed
}

/// Above the relative error of a computed distance (not squared) of this many features, and of a few
/// operations on it: each of the squares carries three roundings, the sum one per feature.
fn relative_error(n_features: usize) -> f64 {
    8.0 * (n_features as f64 + 8.0) * f64::EPSILON
}

/// Relative error of a few sums and products.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// Far above distances whose squares are too small for full precision, far below any others.
const UNDERFLOW: f64 = 1e-140;

/// The same for `f32`.
const SINGLE_UNDERFLOW: f32 = 1e-18;

/// From the squared distances to the nearest and to the second nearest centroid the difference
/// between the distances, less a margin: the least of the rows; 0 if one has none left, or distances
/// too large to be told apart.
///
/// As long as the centroids have together moved less than this, the nearest centroid of each row is
/// the same one, strictly and also in the rounded squares that are compared. The difference itself is
/// taken in `f32`, whose roots take a fourth of the time, and the margin covers its roundings.
#[inline(always)]
fn least_gap(found: &Nearest, margin: f64) -> f32 {
    let margin = (margin + 8.0 * f64::from(f32::EPSILON)) as f32;
    let mut gaps = [0.0_f32; LANES];
    for ((gap, near), far) in gaps.iter_mut().zip(found.best).zip(found.second) {
        let (near, far) = ((near as f32).sqrt(), (far as f32).sqrt());
        let room = far - near - (margin * far + SINGLE_UNDERFLOW);
        // Infinite distances leave room that is not a number; it counts as none.
        *gap = if room > 0.0 { room } else { 0.0 };
    }
    let mut gaps = in_memory(gaps);
    for width in [4, 2, 1] {
        for lane in 0..width {
            let other = gaps[lane + width];
            gaps[lane] = if other < gaps[lane] {
                other
            } else {
                gaps[lane]
            };
        }
    }
    gaps[0]
}

/// What the difference between two distances of a row can have lost when these centroids have become
/// those: the two longest ways together, rounded up.
pub(super) fn drift(before: &[f64], after: &[f64], n_features: usize) -> f64 {
    let (mut longest, mut second) = (0.0_f64, 0.0_f64);
    let pairs = before
        .chunks_exact(n_features)
        .zip(after.chunks_exact(n_features));
    for way in pairs.map(|(a, b)| squared_distance(a, b)) {
        second = second.max(way.min(longest));
        longest = longest.max(way);
    }
    (longest.sqrt() + second.sqrt()) * (1.0 + relative_error(n_features)) + UNDERFLOW
}

/// The sum of two movements, rounded up.
pub(super) fn add_drift(moved: f64, more: f64) -> f64 {
    (moved + more) * (1.0 + ROUNDING)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};
    use proptest::prelude::*;

    use super::*;
    use crate::isa::{Isa, run_on};
    use crate::kmeans::tests::plain_assign;
    use crate::kmeans::tests::skipping::{crowd, plain_pass};
    use crate::tiles::pack;

    /// Two passes on one instruction set, the second under other centroids; each is compared with a
    /// plain look at every row. Returns what the skipping remembers.
    fn check_passes(isa: Isa, x: &Array2<f64>, start: &Array2<f64>, complete: bool) -> Vec<u64> {
        let (n_rows, n_features) = x.dim();
        let (n_clusters, rows) = (start.nrows(), x.as_slice().unwrap());
        let mut tiles = vec![Column::ZERO; n_rows.div_ceil(LANES) * n_features];
        pack(rows, n_features, f64::INFINITY, &mut tiles);
        let mut part = Part::new(n_rows, n_clusters, n_features);
        let (mut centroids, mut moved) = (start.clone(), 0.0);
        let (mut before, mut remembered) = (vec![NOBODY; n_rows], Vec::new());
        // The first pass looks at every row anyhow.
        for complete in [true, complete] {
            let assign = Assign {
                tiles: &tiles,
                n_features,
                centroids: &Centroids {
                    values: centroids.as_slice().unwrap(),
                    moved,
                    complete,
                },
                part: &mut part,
            };
            run_on(isa, assign);
            let (labels, _) = plain_assign(x.view(), &centroids);
            assert_eq!(part.labels(), labels, "{isa:?}");
            assert_eq!(part.changed, labels != before, "{isa:?}");
            let rows_of_block = block_tiles(n_clusters) * LANES;
            let mut stale = vec![false; part.stale.len()];
            for (row, (&new, &old)) in labels.iter().zip(&before).enumerate() {
                let of_block = &mut stale[row / rows_of_block * n_clusters..][..n_clusters];
                if new != old {
                    of_block[new as usize] = true;
                    if let Some(left) = of_block.get_mut(old as usize) {
                        *left = true;
                    }
                }
            }
            assert_eq!(part.stale, stale, "{isa:?}");
            part.sum_up(&tiles, n_features, &mut SumBuffers::default());
            let plain = plain_pass(x.view(), &centroids);
            assert_eq!(part.counts, plain.counts, "{isa:?}");
            assert_eq!(part.sums, plain.sums.as_slice().unwrap(), "{isa:?}");
            if complete {
                assert_eq!(part.inertia, plain.inertia, "{isa:?}");
                assert_eq!(part.ties, has_ties(x, &centroids, &labels), "{isa:?}");
            }
            remembered.extend(part.due.iter().map(|due| due.to_bits()));
            let next = plain.means(centroids.view());
            let way = drift(
                centroids.as_slice().unwrap(),
                next.as_slice().unwrap(),
                n_features,
            );
            moved = add_drift(moved, way);
            (centroids, before) = (next, labels);
        }
        remembered
    }

    /// Whether a row is as near to another centroid as to its own.
    fn has_ties(x: &Array2<f64>, centroids: &Array2<f64>, labels: &[u32]) -> bool {
        let distance = |row: usize, cluster: usize| {
            let (row, centroid) = (x.row(row), centroids.row(cluster));
            squared_distance(row.to_slice().unwrap(), centroid.to_slice().unwrap())
        };
        labels.iter().enumerate().any(|(row, &label)| {
            let (own, clusters) = (label as usize, 0..centroids.nrows());
            let mut others = clusters.filter(|&cluster| cluster != own);
            others.any(|other| distance(row, other) <= distance(row, own))
        })
    }

    fn distances() -> impl Strategy<Value = [f64; LANES]> {
        let tame = prop::array::uniform8(0.0..100.0);
        let wild = prop::array::uniform8(
            (-320..300_i32, 1.0..10.0)
                .prop_map(|(exponent, digits)| digits * 10.0_f64.powi(exponent)),
        );
        prop_oneof![tame, wild]
    }

    proptest! {
        #[test]
        fn a_gap_is_no_larger_than_it_is_and_not_much_smaller(
            best in distances(), more in distances()
        ) {
            let mut found = Nearest { labels: [0; LANES], best, second: best };
            for (second, more) in found.second.iter_mut().zip(more) {
                *second += more;
            }
            let gap = f64::from(least_gap(&found, 0.0));
            let pairs = found.best.iter().zip(&found.second);
            let exact = pairs.map(|(near, far)| far.sqrt() - near.sqrt());
            let exact = exact.fold(f64::INFINITY, f64::min);
            prop_assert!((0.0..=exact).contains(&gap), "{gap} {exact}");
            let farthest = found.second.iter().copied().fold(0.0, f64::max).sqrt();
            if farthest < 1e18 {
                prop_assert!(gap >= exact - 3e-6 * farthest - 1e-17, "{gap} {exact}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn passes_are_plain_ones_on_every_instruction_set(
            (n_rows, n_features) in (100..900_usize, 1..6_usize),
            n_clusters in prop_oneof![1..12_usize, 60..70_usize],
            grid in prop_oneof![Just(0.5), Just(1e-2), Just(1e-12)],
            complete: bool,
            seed: u64,
        ) {
            let x = crowd(n_rows, n_features, grid, seed);
            let start = x.slice(s![..n_clusters, ..]).to_owned();
            let remembered = check_passes(Isa::Portable, &x, &start, complete);
            for &isa in Isa::ALL {
                prop_assert_eq!(&check_passes(isa, &x, &start, complete), &remembered);
            }
        }
    }

    #[test]
    fn a_gap_to_nothing_or_of_distances_too_large_is_none() {
        for second in [f64::INFINITY, 1e300, 1e77] {
            let found = Nearest {
                labels: [0; LANES],
                best: [1e76; LANES],
                second: [second; LANES],
            };
            assert_eq!(least_gap(&found, 0.0), 0.0);
        }
    }
}
