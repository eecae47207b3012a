use super::real::Real;
use super::syrk::{WIDE, WIDEST, tile, tile_width};
use super::{NotPositive, PAD};
use crate::isa::{self, Kernel, unrolled};

/// Rows eliminated together.
const PANEL: usize = PAD;

/// Solves `a x = b` in place of `b`, for the upper triangle of `a` (`n` by `n`, a multiple of the
/// padding). It is replaced by `U` with `U' U = a`, and its diagonal by that of `U` *inverted*.
/// `n^3 / 3` operations.
///
/// Panel by panel: what the panels above contribute is subtracted tile by tile, in registers; then
/// the square on the diagonal is factorised, and the rest of the panel is solved for it. Within a
/// panel rows are divided by their pivots, not by the roots of these, which are taken at the end and
/// all at once: the way from one pivot to the next is what a small system waits for. `U' y = b` is
/// solved meanwhile, as a further column of the panels.
pub(crate) fn solve<T: Real>(a: &mut [T], n: usize, b: &mut [T]) -> Result<(), NotPositive> {
    isa::run(Solve { a, n, b })
}

pub(super) struct Solve<'a, T> {
    pub(super) a: &'a mut [T],
    pub(super) n: usize,
    pub(super) b: &'a mut [T],
}

impl<T: Real> Kernel for Solve<'_, T> {
    type Output = Result<(), NotPositive>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Self::Output {
        solve_with::<T, ROWS>(self.a, self.n, self.b)
    }
}

#[inline(always)]
pub(super) fn solve_with<T: Real, const ROWS: usize>(
    a: &mut [T],
    n: usize,
    b: &mut [T],
) -> Result<(), NotPositive> {
    debug_assert_eq!((a.len(), b.len()), (n * n, n));
    debug_assert_eq!(n % PANEL, 0);
    let (b, _) = b.as_chunks_mut::<PANEL>();
    factorize::<T, ROWS>(a, n, b)?;
    substitute_back(a, n, b);
    Ok(())
}

/// Leaves `U` in `a` and the solution of `U' y = b` in `b`.
#[inline(always)]
fn factorize<T: Real, const ROWS: usize>(
    a: &mut [T],
    n: usize,
    b: &mut [[T; PANEL]],
) -> Result<(), NotPositive> {
    for start in (0..n).step_by(PANEL) {
        let (above, rest) = a.split_at_mut(start * n);
        let panel = &mut rest[..PANEL * n];
        let mut given = [T::ZERO; PANEL];
        unrolled!(j < PANEL, given[j] = panel[j * n + start + j]);
        for row in (0..PANEL).step_by(ROWS) {
            let (top, mut column) = (start + row, start);
            while column < n {
                let width = tile_width::<T, ROWS>(n - column);
                match width {
                    WIDEST => {
                        let sums = tile::<T, ROWS, WIDEST>(above, n, top, column);
                        subtract(panel, n, row, column, &sums);
                    }
                    WIDE => {
                        let sums = tile::<T, ROWS, WIDE>(above, n, top, column);
                        subtract(panel, n, row, column, &sums);
                    }
                    _ => {
                        let sums = tile::<T, ROWS, PAD>(above, n, top, column);
                        subtract(panel, n, row, column, &sums);
                    }
                }
                column += width;
            }
        }
        let (done, open) = b.split_at_mut(start / PANEL + 1);
        let [.., target] = done else { break };
        let square = Square::factorize(panel, n, start, &given, target)?;
        let mut column = start + PANEL;
        while T::WIDE && ROWS == PANEL && column + WIDE <= n {
            square.solve::<WIDE>(panel, n, column);
            column += WIDE;
        }
        while column < n {
            square.solve::<PAD>(panel, n, column);
            column += PAD;
        }
        let (rows, y) = (panel_rows(panel, n), *target);
        for (c, open) in (start / PANEL + 1..).zip(open) {
            let mut sums = *open;
            unrolled!(j < PANEL, subtract_scaled(&mut sums, y[j], &rows[j][c]));
            *open = sums;
        }
    }
    Ok(())
}

#[inline(always)]
fn subtract<T: Real, const ROWS: usize, const COLUMNS: usize>(
    panel: &mut [T],
    n: usize,
    row: usize,
    column: usize,
    sums: &[[T; COLUMNS]; ROWS],
) {
    unrolled!(i < ROWS, {
        let target = &mut panel[(row + i) * n + column..][..COLUMNS];
        for lane in 0..COLUMNS {
            target[lane] -= sums[i][lane];
        }
    });
}

/// The factor of a square on the diagonal, before the roots of the pivots are taken.
struct Square<T> {
    /// In row `j`, how much of row `j` is subtracted from each later row.
    shares: [[T; PANEL]; PANEL],
    /// One over the root of each pivot.
    scales: [T; PANEL],
}

impl<T: Real> Square<T> {
    /// Factorises the square of a panel that begins at `column`; its diagonal is what is left of a
    /// given one. Solves `U' y = b` for it in place of `b`.
    #[inline(always)]
    fn factorize(
        panel: &mut [T],
        n: usize,
        column: usize,
        given: &[T; PANEL],
        b: &mut [T; PANEL],
    ) -> Result<Self, NotPositive> {
        let (mut open, mut y) = (*b, [T::ZERO; PANEL]);
        let mut rows = load::<T, PANEL>(panel, n, column);
        let mut shares = [[T::ZERO; PANEL]; PANEL];
        let mut pivots = [T::ZERO; PANEL];
        unrolled!(j < PANEL, {
            pivots[j] = rows[j][j];
            let inverse = T::ONE / pivots[j];
            for lane in 0..PANEL {
                shares[j][lane] = rows[j][lane] * inverse;
            }
            y[j] = open[j];
            // What this makes of the values up to `j` is not read any more.
            subtract_scaled(&mut open, y[j], &shares[j]);
            let pivot_row = rows[j];
            unrolled!(i < PANEL, {
                if i > j {
                    subtract_scaled(&mut rows[i], shares[j][i], &pivot_row);
                }
            });
        });
        // A pivot that is NaN fails this comparison too.
        let is_positive =
            |(&pivot, &given): (&T, &T)| pivot > T::NOISE * given && pivot < T::INFINITY;
        if !pivots.iter().zip(given).all(is_positive) {
            return Err(NotPositive);
        }
        let mut scales = [T::ZERO; PANEL];
        for lane in 0..PANEL {
            scales[lane] = T::ONE / pivots[lane].sqrt();
        }
        unrolled!(j < PANEL, {
            let target = &mut panel[j * n + column..][..PANEL];
            for lane in 0..PANEL {
                target[lane] = rows[j][lane] * scales[j];
            }
            target[j] = scales[j];
        });
        for lane in 0..PANEL {
            y[lane] = y[lane] * scales[lane];
        }
        *b = y;
        Ok(Self { shares, scales })
    }

    /// Does to some columns right of the square what was done to the square.
    #[inline(always)]
    fn solve<const COLUMNS: usize>(&self, panel: &mut [T], n: usize, column: usize) {
        let mut rows = load::<T, COLUMNS>(panel, n, column);
        unrolled!(j < PANEL, {
            let pivot_row = rows[j];
            unrolled!(i < PANEL, {
                if i > j {
                    subtract_scaled(&mut rows[i], self.shares[j][i], &pivot_row);
                }
            });
            let target = &mut panel[j * n + column..][..COLUMNS];
            for lane in 0..COLUMNS {
                target[lane] = pivot_row[lane] * self.scales[j];
            }
        });
    }
}

/// Some columns of a panel.
#[inline(always)]
fn load<T: Real, const COLUMNS: usize>(
    panel: &[T],
    n: usize,
    column: usize,
) -> [[T; COLUMNS]; PANEL] {
    let mut rows = [[T::ZERO; COLUMNS]; PANEL];
    unrolled!(i < PANEL, {
        rows[i].copy_from_slice(&panel[i * n + column..][..COLUMNS]);
    });
    rows
}

/// `target -= factor values`.
#[inline(always)]
fn subtract_scaled<T: Real, const COLUMNS: usize>(
    target: &mut [T; COLUMNS],
    factor: T,
    values: &[T; COLUMNS],
) {
    for lane in 0..COLUMNS {
        target[lane] = (-factor).mul_add(values[lane], target[lane]);
    }
}

/// Solves `U x = y` in place of `y`, for `U` from [`factorize`].
#[inline(always)]
fn substitute_back<T: Real>(u: &[T], n: usize, b: &mut [[T; PANEL]]) {
    let n_panels = b.len();
    for (p, panel) in u.chunks_exact(PANEL * n).enumerate().rev() {
        let rows = panel_rows(panel, n);
        let (open, done) = b.split_at_mut(p + 1);
        let mut sums = [[T::ZERO; PAD]; PANEL];
        for (c, done) in (p + 1..n_panels).zip(done) {
            let done = *done;
            unrolled!(j < PANEL, {
                for lane in 0..PAD {
                    sums[j][lane] = rows[j][c][lane].mul_add(done[lane], sums[j][lane]);
                }
            });
        }
        let mut known = [T::ZERO; PANEL];
        for (known, sums) in known.iter_mut().zip(&sums) {
            for &sum in sums {
                *known += sum;
            }
        }
        let mut b = open[p];
        for (b, known) in b.iter_mut().zip(known) {
            *b -= known;
        }
        open[p] = backward(&square(&rows, p), b);
    }
}

/// The rows of a panel, each in chunks.
#[inline(always)]
fn panel_rows<T>(panel: &[T], n: usize) -> [&[[T; PAD]]; PANEL] {
    let mut rows = [&[][..]; PANEL];
    unrolled!(
        j < PANEL,
        rows[j] = panel[j * n..(j + 1) * n].as_chunks::<PAD>().0
    );
    rows
}

/// The square of a panel that stands on the diagonal.
#[inline(always)]
fn square<T: Real>(rows: &[&[[T; PAD]]; PANEL], p: usize) -> [[T; PANEL]; PANEL] {
    let mut square = [[T::ZERO; PANEL]; PANEL];
    unrolled!(j < PANEL, square[j] = rows[j][p]);
    square
}

/// Solves `U x = b` for a square with inverted diagonal.
#[inline(always)]
fn backward<T: Real>(square: &[[T; PANEL]; PANEL], mut b: [T; PANEL]) -> [T; PANEL] {
    unrolled!(from_last < PANEL, {
        let j = PANEL - 1 - from_last;
        b[j] = b[j] * square[j][j];
        unrolled!(i < PANEL, {
            if i < j {
                b[i] = (-square[i][j]).mul_add(b[j], b[i]);
            }
        });
    });
    b
}
