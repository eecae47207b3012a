use super::NotPositive;
use super::real::{Real, dot};

/// Rows eliminated together: each pass over the rest of the matrix applies this many updates.
const PANEL: usize = 4;

/// Replaces the upper triangle of `a` (`n` by `n`) by `U` with `U' U = a`. `n^3 / 3` operations.
pub(crate) fn factorize<T: Real>(a: &mut [T], n: usize) -> Result<(), NotPositive> {
    for start in (0..n).step_by(PANEL) {
        let end = (start + PANEL).min(n);
        let (panel, below) = a[start * n..].split_at_mut((end - start) * n);
        for j in 0..end - start {
            let (done, open) = panel.split_at_mut((j + 1) * n);
            let pivot_row = &mut done[j * n..];
            let pivot = pivot_row[start + j];
            // A pivot that is NaN fails this comparison too.
            if !(pivot > T::ZERO && pivot.to_f64().is_finite()) {
                return Err(NotPositive);
            }
            let scale = T::ONE / pivot.sqrt();
            for value in &mut pivot_row[start + j..] {
                *value = *value * scale;
            }
            for (row, i) in open.chunks_exact_mut(n).zip(start + j + 1..) {
                subtract(&mut row[i..], pivot_row[i], &pivot_row[i..]);
            }
        }
        for (row, i) in below.chunks_exact_mut(n).zip(end..) {
            if end - start == PANEL {
                subtract_panel(&mut row[i..], panel, n, i);
            } else {
                for pivot_row in panel.chunks_exact(n) {
                    subtract(&mut row[i..], pivot_row[i], &pivot_row[i..]);
                }
            }
        }
    }
    Ok(())
}

#[inline]
fn subtract<T: Real>(target: &mut [T], factor: T, row: &[T]) {
    for (value, &other) in target.iter_mut().zip(row) {
        *value -= factor * other;
    }
}

/// [`PANEL`] rows subtracted in one pass, in their order.
#[inline]
fn subtract_panel<T: Real>(target: &mut [T], panel: &[T], n: usize, i: usize) {
    let rows = [0, 1, 2, 3].map(|p| &panel[p * n + i..(p + 1) * n]);
    let factors = rows.map(|row| row[0]);
    let rest = rows[2].iter().zip(rows[3]);
    for ((value, (&a, &b)), (&c, &d)) in
        target.iter_mut().zip(rows[0].iter().zip(rows[1])).zip(rest)
    {
        *value = *value - factors[0] * a - factors[1] * b - factors[2] * c - factors[3] * d;
    }
}

/// Solves `U' U x = b` in place of `b`, for `U` from [`factorize`].
pub(crate) fn substitute<T: Real>(u: &[T], n: usize, b: &mut [T]) {
    for j in 0..n {
        let row = &u[j * n..(j + 1) * n];
        let (done, open) = b.split_at_mut(j + 1);
        done[j] = done[j] / row[j];
        subtract(open, done[j], &row[j + 1..]);
    }
    for j in (0..n).rev() {
        let row = &u[j * n..(j + 1) * n];
        let (head, tail) = b.split_at_mut(j + 1);
        head[j] = (head[j] - dot(&row[j + 1..], &tail[..n - j - 1])) / row[j];
    }
}
