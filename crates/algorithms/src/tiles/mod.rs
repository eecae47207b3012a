//! The inner loops shared by K-Means and the silhouette, over rows laid side by side.
//!
//! Rows are taken eight at a time into a *tile*: for each feature the values of the eight rows, a
//! [`Column`]. The loops over lanes have a fixed length and no dependency between lanes, so the
//! compiler turns them into vector instructions, for each instruction set of
//! [`isa`](crate::isa). The last tile of a matrix is filled up with copies of its last row.
//!
//! **Distances** are sums of squared differences in feature order, never `|x|² - 2xy + |y|²`: they
//! carry no cancellation and equal a plain scalar loop bit for bit. Squares are added by fused
//! multiplications, in one rounding. They are `f64`: with AVX-512 eight rows at a time are fast
//! enough (the loops wait for the memory as much as for the arithmetic when there are few features),
//! and no label is ever decided by the rounding of an `f32`.
//!
//! **Sums over rows** of a block go by lanes: lane `l` takes the rows `l`, `l + 8`, `l + 16`, … of
//! the block that belong to the sum, in this order, starting from 0; then the lanes are added in
//! their order. Sums of blocks are added in the order of the blocks. All of this is fixed by the
//! data alone: neither the instruction set nor the number of threads changes a bit.

mod sums;

use crate::isa::{Kernel, unrolled};
use crate::rows::BLOCK_ROWS;
pub(crate) use sums::{LabelSums, SumBuffers};

/// Rows side by side: one AVX-512 register or four SSE2 registers of `f64`.
pub(crate) const LANES: usize = 8;

/// Tiles per chunk of [`BLOCK_ROWS`] rows, the unit of parallel work.
pub(crate) const CHUNK_TILES: usize = BLOCK_ROWS / LANES;

/// The label of the places behind the last row.
pub(crate) const NOBODY: u32 = u32::MAX;

/// The values of one feature in a tile of rows; aligned, as a load across two cache lines is two.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Column(pub(crate) [f64; LANES]);

impl Column {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);

    /// The lanes added in their order.
    #[inline(always)]
    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }
}

/// Lays rows into tiles; returns whether all values are at most `limit` in size (NaN is not).
pub(crate) fn pack(rows: &[f64], n_features: usize, limit: f64, tiles: &mut [Column]) -> bool {
    let mut fine = true;
    for (rows, tile) in rows
        .chunks(n_features * LANES)
        .zip(tiles.chunks_exact_mut(n_features))
    {
        for &value in rows {
            fine &= value.abs() <= limit;
        }
        let mut lane = 0;
        for row in rows.chunks_exact(n_features) {
            for (column, &value) in tile.iter_mut().zip(row) {
                column.0[lane] = value;
            }
            lane += 1;
        }
        for column in tile.iter_mut() {
            for empty in lane..LANES {
                column.0[empty] = column.0[lane - 1];
            }
        }
    }
    fine
}

/// Squared Euclidean distances of the rows of a tile to `N` points, given one after another.
#[inline(always)]
pub(crate) fn squared_distances<const N: usize>(tile: &[Column], points: &[f64]) -> [Column; N] {
    let n_features = tile.len();
    let points: [&[f64]; N] = std::array::from_fn(|i| &points[i * n_features..][..n_features]);
    let mut sums = [Column::ZERO; N];
    for (feature, column) in tile.iter().enumerate() {
        unrolled!(
            i < N,
            add_squares(&mut sums[i].0, &column.0, points[i][feature])
        );
    }
    sums
}

#[inline(always)]
fn add_squares(sums: &mut [f64; LANES], column: &[f64; LANES], coordinate: f64) {
    for lane in 0..LANES {
        let difference = column[lane] - coordinate;
        sums[lane] = difference.mul_add(difference, sums[lane]);
    }
}

/// Calls `take` with the state, the index of each point and the squared distances of a tile to it, in
/// order. Several points are worked on at a time, which changes no bit.
///
/// `take` is to be a function that is always inlined: a closure that is called in several places may
/// be left out of line, where it is compiled for fewer instructions.
#[inline(always)]
pub(crate) fn each_distance<const ROWS: usize, S>(
    tile: &[Column],
    points: &[f64],
    state: &mut S,
    take: impl Fn(&mut S, usize, &Column),
) {
    let n_features = tile.len();
    let n_points = points.len() / n_features;
    let mut first = 0;
    if ROWS >= 4 {
        while n_points - first >= 4 {
            let distances = squared_distances::<4>(tile, &points[first * n_features..]);
            unrolled!(i < 4, take(state, first + i, &distances[i]));
            first += 4;
        }
    }
    while n_points - first >= 2 {
        let distances = squared_distances::<2>(tile, &points[first * n_features..]);
        unrolled!(i < 2, take(state, first + i, &distances[i]));
        first += 2;
    }
    if first < n_points {
        let [distances] = squared_distances::<1>(tile, &points[first * n_features..]);
        take(state, first, &distances);
    }
}

/// For each row of a tile the nearest of some points, and the distances of the two nearest.
pub(crate) struct Nearest {
    pub(crate) labels: [u32; LANES],
    /// Squared distance to the nearest.
    pub(crate) best: [f64; LANES],
    /// Squared distance to the second nearest; infinite if there is one point.
    pub(crate) second: [f64; LANES],
}

/// Ties go to the lowest index, because only a strictly smaller distance replaces an earlier one.
#[inline(always)]
pub(crate) fn nearest<const ROWS: usize>(tile: &[Column], points: &[f64]) -> Nearest {
    let mut so_far = NearestSoFar {
        labels: [0; LANES],
        best: [f64::INFINITY; LANES],
        second: [f64::INFINITY; LANES],
    };
    each_distance::<ROWS, _>(tile, points, &mut so_far, NearestSoFar::offer);
    Nearest {
        labels: in_memory(so_far.labels).map(|label| label as u32),
        best: in_memory(so_far.best),
        second: in_memory(so_far.second),
    }
}

/// What is known after some of the points.
struct NearestSoFar {
    /// As wide as the numbers that decide on them, which keeps both in the same lanes.
    labels: [u64; LANES],
    best: [f64; LANES],
    second: [f64; LANES],
}

impl NearestSoFar {
    #[inline(always)]
    fn offer(&mut self, index: usize, distances: &Column) {
        let Self {
            labels,
            best,
            second,
        } = self;
        let (index, new) = (index as u64, &distances.0);
        // A loop for each: of one for all the compiler may take lanes apart.
        for lane in 0..LANES {
            let closer = new[lane] < best[lane];
            labels[lane] = if closer { index } else { labels[lane] };
        }
        let mut farther = [0.0; LANES];
        for lane in 0..LANES {
            farther[lane] = larger(new[lane], best[lane]);
        }
        for lane in 0..LANES {
            best[lane] = smaller(new[lane], best[lane]);
        }
        for lane in 0..LANES {
            second[lane] = smaller(farther[lane], second[lane]);
        }
    }
}

/// The smaller of two numbers, none of which is NaN: one instruction, as `f64::min` is not.
#[inline(always)]
pub(crate) fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The larger of two numbers, none of which is NaN.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a < b { b } else { a }
}

/// Ends a loop over lanes: keeps the compiler from looking at what is done with single lanes
/// afterwards, for which it would give up vectors within the loop.
#[inline(always)]
pub(crate) fn in_memory<T, const N: usize>(lanes: [T; N]) -> [T; N] {
    std::hint::black_box(lanes)
}

/// The nearest of some points for each row.
pub(crate) struct Label<'a> {
    pub(crate) tiles: &'a [Column],
    pub(crate) n_features: usize,
    pub(crate) points: &'a [f64],
    /// One per row.
    pub(crate) labels: &'a mut [u32],
}

impl Kernel for Label<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        for (tile, labels) in self
            .tiles
            .chunks_exact(self.n_features)
            .zip(self.labels.chunks_mut(LANES))
        {
            let nearest = nearest::<ROWS>(tile, self.points);
            labels.copy_from_slice(&nearest.labels[..labels.len()]);
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

    /// Rows of random numbers, some of them equal.
    fn rows(n_rows: usize, n_features: usize, seed: u64) -> Vec<f64> {
        let mut rng = random::stream(seed, &[]);
        let value = |_| (random::unit(&mut rng) * 8.0).exp2() - f64::from(seed as u8 % 2) * 20.0;
        (0..n_rows * n_features).map(value).collect()
    }

    fn laid_out(rows: &[f64], n_features: usize) -> Vec<Column> {
        let n_tiles = (rows.len() / n_features).div_ceil(LANES);
        let mut tiles = vec![Column::ZERO; n_tiles * n_features];
        assert!(pack(rows, n_features, 1e9, &mut tiles));
        tiles
    }

    /// The sums of the first labels, the same on every instruction set as lane by lane.
    fn check_sums(
        (n_rows, n_features, n_labels): (usize, usize, usize),
        n_wanted: usize,
        seed: u64,
    ) {
        let rows = rows(n_rows, n_features, seed);
        let tiles = laid_out(&rows, n_features);
        let mut rng = random::stream(seed, &[1]);
        let mut labels: Vec<u32> = (0..n_rows)
            .map(|_| random::index(&mut rng, n_labels) as u32)
            .collect();
        let wanted: Vec<bool> = (0..n_labels).map(|label| label < n_wanted).collect();
        let mut expected = vec![-1.0; n_labels * n_features];
        for (place, sum) in expected.iter_mut().enumerate() {
            let (label, feature) = (place / n_features, place % n_features);
            if wanted[label] {
                let mut lanes = [0.0; LANES];
                for row in (0..n_rows).filter(|&row| labels[row] as usize == label) {
                    lanes[row % LANES] += rows[row * n_features + feature];
                }
                *sum = lanes.iter().sum();
            }
        }
        labels.resize(n_rows.next_multiple_of(LANES), NOBODY);
        for &isa in Isa::ALL {
            let mut sums = vec![-1.0; expected.len()];
            let label_sums = LabelSums {
                tiles: &tiles,
                n_features,
                labels: &labels,
                wanted: &wanted,
                sums: &mut sums,
                buffers: &mut SumBuffers::default(),
            };
            run_on(isa, label_sums);
            assert_eq!(sums, expected, "{isa:?}");
        }
    }

    #[test]
    fn a_value_beyond_the_limit_is_noticed_in_any_place() {
        for bad in [1e10, -1e10, f64::NAN, f64::INFINITY] {
            for place in 0..33 {
                let mut rows = rows(11, 3, 1);
                rows[place] = bad;
                assert!(!pack(&rows, 3, 1e9, &mut [Column::ZERO; 6]));
            }
        }
    }

    proptest! {
        #[test]
        fn labels_and_distances_are_those_of_the_scalar_loop_on_every_instruction_set(
            (n_rows, n_features, n_points) in (1..40_usize, 1..14_usize, 1..14_usize),
            seed in any::<u64>(),
        ) {
            let rows = rows(n_rows, n_features, seed);
            let mut points = rows.repeat(n_points)[..n_points * n_features].to_vec();
            points[0] += 0.5;
            let tiles = laid_out(&rows, n_features);
            let mut expected = Vec::new();
            for (index, row) in rows.chunks(n_features).enumerate() {
                let distances = points.chunks(n_features).map(|point| squared_distance(row, point));
                let distances: Vec<f64> = distances.collect();
                let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
                expected.push(distances.iter().position(|&d| d == least).unwrap() as u32);

                let tile = &tiles[index / LANES * n_features..][..n_features];
                each_distance::<4, _>(tile, &points, &mut (), |(), point, found| {
                    assert_eq!(found.0[index % LANES].to_bits(), distances[point].to_bits());
                });
                let found = nearest::<2>(tile, &points);
                let mut sorted = distances.clone();
                sorted.push(f64::INFINITY);
                sorted.sort_by(f64::total_cmp);
                prop_assert_eq!(found.best[index % LANES], sorted[0]);
                prop_assert_eq!(found.second[index % LANES], sorted[1]);
            }
            for &isa in Isa::ALL {
                let mut labels = vec![9; n_rows];
                let (tiles, points) = (tiles.as_slice(), points.as_slice());
                run_on(isa, Label { tiles, n_features, points, labels: &mut labels });
                prop_assert_eq!(&labels, &expected);
            }
        }

        #[test]
        fn sums_are_those_of_the_scalar_loop_on_every_instruction_set(
            (n_rows, n_features, n_labels) in (1..300_usize, 1..14_usize, 1..14_usize),
            n_wanted in 0..14_usize,
            seed in any::<u64>(),
        ) {
            check_sums((n_rows, n_features, n_labels), n_wanted, seed);
        }

        /// So many labels that none is compared with all rows on any instruction set, and a few less.
        #[test]
        fn sums_of_many_labels_are_those_of_the_scalar_loop_on_every_instruction_set(
            (n_rows, n_features, n_labels) in (1..300_usize, 1..6_usize, 65..100_usize),
            n_wanted in 60..100_usize,
            seed in any::<u64>(),
        ) {
            check_sums((n_rows, n_features, n_labels), n_wanted, seed);
        }
    }
}
