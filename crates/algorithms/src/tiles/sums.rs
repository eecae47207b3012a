//! Sums of the rows of each label.

use super::{Column, LANES, NOBODY, in_memory};
use crate::isa::{Kernel, one_at_a_time, unrolled};

/// Up to so many sums are taken by comparing all rows with each of their labels; from there on it
/// takes less time to look at each row once and to add it, lane by lane, where it belongs. The bits
/// are the same.
const fn most_compared(rows: usize) -> usize {
    // AVX-512 adds the lanes that a comparison has chosen in one instruction.
    if rows == 8 { 64 } else { 3 }
}

/// The sum of the rows of some labels in a block.
pub(crate) struct LabelSums<'a> {
    /// The tiles of the block.
    pub(crate) tiles: &'a [Column],
    pub(crate) n_features: usize,
    /// One per place in the tiles, [`NOBODY`] behind the last row.
    pub(crate) labels: &'a [u32],
    /// The labels whose sums are wanted.
    pub(crate) wanted: &'a [bool],
    /// The sums, label by label; those not wanted are left alone.
    pub(crate) sums: &'a mut [f64],
    pub(crate) buffers: &'a mut SumBuffers,
}

/// Buffers of [`LabelSums`].
#[derive(Default)]
pub(crate) struct SumBuffers {
    lanes: Vec<Column>,
    wanted: Vec<u32>,
}

impl Kernel for LabelSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let n_wanted = self.wanted.iter().filter(|&&wanted| wanted).count();
        if n_wanted > most_compared(ROWS) {
            self.scattered();
        } else {
            self.compared::<ROWS>();
        }
    }
}

impl LabelSums<'_> {
    #[inline(always)]
    fn compared<const ROWS: usize>(self) {
        let wanted = &mut self.buffers.wanted;
        wanted.clear();
        let labels = (0_u32..).zip(self.wanted).filter(|(_, wanted)| **wanted);
        wanted.extend(labels.map(|(label, _)| label));
        let rows = (self.tiles, self.labels.as_chunks::<LANES>().0);
        let (mut wanted, sums) = (wanted.as_slice(), self.sums);
        // As many sums at a time as registers hold.
        if ROWS == 8 {
            while let Some((labels, others)) = wanted.split_first_chunk::<4>() {
                sums_of(rows, self.n_features, labels, sums);
                wanted = others;
            }
            while let Some((labels, others)) = wanted.split_first_chunk::<2>() {
                sums_of(rows, self.n_features, labels, sums);
                wanted = others;
            }
        }
        for label in wanted {
            sums_of(rows, self.n_features, &[*label], sums);
        }
    }

    #[inline(always)]
    fn scattered(self) {
        let n_features = self.n_features;
        let all = &mut self.buffers.lanes;
        all.clear();
        all.resize(self.sums.len(), Column::ZERO);
        let (labels, _) = self.labels.as_chunks::<LANES>();
        for (tile, labels) in self.tiles.chunks_exact(n_features).zip(labels) {
            for (lane, &label) in labels.iter().enumerate() {
                if label != NOBODY {
                    let sums = &mut all[label as usize * n_features..][..n_features];
                    for (sum, column) in sums.iter_mut().zip(tile) {
                        sum.0[lane] += column.0[lane];
                    }
                }
            }
        }
        let sums = self.sums.chunks_exact_mut(n_features);
        let lanes = all.chunks_exact(n_features);
        for ((sums, lanes), _) in sums.zip(lanes).zip(self.wanted).filter(|(_, w)| **w) {
            for (sum, lanes) in sums.iter_mut().zip(lanes) {
                *sum = lanes.sum();
            }
        }
    }
}

/// Tiles of rows, and the labels of each.
type Labelled<'a> = (&'a [Column], &'a [[u32; LANES]]);

/// Sums of the rows of `L` labels.
#[inline(always)]
fn sums_of<const L: usize>(
    rows: Labelled<'_>,
    n_features: usize,
    labels: &[u32; L],
    sums: &mut [f64],
) {
    let mut first = 0;
    while first < n_features {
        let features = (n_features, first);
        // No more than three: four features of four labels took more than twice as long.
        first += match n_features - first {
            3.. => compared_sums::<L, 3>(rows, features, labels, sums),
            2 => compared_sums::<L, 2>(rows, features, labels, sums),
            _ => compared_sums::<L, 1>(rows, features, labels, sums),
        };
    }
}

/// Sums of the rows of `L` labels, of `N` features from the first on. Returns `N`.
#[inline(always)]
fn compared_sums<const L: usize, const N: usize>(
    (tiles, labels): Labelled<'_>,
    (n_features, first): (usize, usize),
    wanted: &[u32; L],
    sums: &mut [f64],
) -> usize {
    let mut lanes = [[[0.0; LANES]; N]; L];
    let names = in_memory(wanted.map(|label| [label; LANES]));
    for (tile, labels) in tiles.chunks_exact(n_features).zip(labels) {
        one_at_a_time();
        let Some(columns) = tile[first..].first_chunk::<N>() else {
            break;
        };
        unrolled!(l < L, {
            unrolled!(i < N, {
                add_labelled(&mut lanes[l][i], &columns[i].0, labels, &names[l]);
            });
        });
    }
    for (lanes, &label) in lanes.iter().zip(wanted) {
        let sums = &mut sums[label as usize * n_features + first..][..N];
        for (sum, lanes) in sums.iter_mut().zip(lanes) {
            *sum = in_memory(*lanes).iter().sum();
        }
    }
    N
}

/// Adds the values of the lanes that are labelled so.
#[inline(always)]
fn add_labelled(
    sums: &mut [f64; LANES],
    values: &[f64; LANES],
    labels: &[u32; LANES],
    name: &[u32; LANES],
) {
    for lane in 0..LANES {
        let sum = sums[lane] + values[lane];
        sums[lane] = if labels[lane] == name[lane] {
            sum
        } else {
            sums[lane]
        };
    }
}
