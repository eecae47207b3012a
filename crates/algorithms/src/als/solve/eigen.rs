use crate::isa::{self, Kernel};

/// Sweeps after which the method has long converged: it does so quadratically.
const MAX_SWEEPS: usize = 60;

/// Eigenvalues and eigenvectors of a symmetric matrix `a` (`n` by `n`, both triangles), by Jacobi's
/// cyclic rotations (Golub and Van Loan, *Matrix Computations*, section 8.5).
///
/// Returns the values, in no particular order, and the matrix `Q` whose *columns* are the vectors:
/// `Q' a Q` is diagonal. Accurate to the last few bits whatever the spread of the values; about
/// `30 n^3` operations.
pub(crate) fn symmetric_eigen(a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    isa::run(Eigen { a, n })
}

pub(super) struct Eigen {
    pub(super) a: Vec<f64>,
    pub(super) n: usize,
}

impl Kernel for Eigen {
    type Output = (Vec<f64>, Vec<f64>);

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Self::Output {
        let Self { mut a, n } = self;
        // Rows of `vectors` are the eigenvectors until the end, so that rotations run along rows.
        let mut vectors = vec![0.0; n * n];
        for diagonal in vectors.iter_mut().step_by(n + 1) {
            *diagonal = 1.0;
        }
        let total: f64 = a.iter().map(|value| value * value).sum();
        for _ in 0..MAX_SWEEPS {
            let off: f64 = (0..n)
                .flat_map(|i| a[i * n + i + 1..(i + 1) * n].iter())
                .map(|value| value * value)
                .sum();
            if off <= 1e-32 * total {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    rotate(&mut a, &mut vectors, n, p, q);
                }
            }
        }
        let values = a.iter().step_by(n + 1).copied().collect();
        let mut columns = vec![0.0; n * n];
        for (index, &value) in vectors.iter().enumerate() {
            columns[index % n * n + index / n] = value;
        }
        (values, columns)
    }
}

/// Makes `a[p][q]` zero by a rotation in the plane of `p` and `q`.
#[inline(always)]
fn rotate(a: &mut [f64], vectors: &mut [f64], n: usize, p: usize, q: usize) {
    let (app, aqq, apq) = (a[p * n + p], a[q * n + q], a[p * n + q]);
    if apq == 0.0 {
        return;
    }
    let theta = (aqq - app) / (2.0 * apq);
    // A square that overflows makes `t` zero, as it should be.
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    rotate_rows(a, n, p, q, c, s);
    // The other side of `J' a J`: by symmetry the columns are the rows just computed, except in the
    // plane itself.
    for k in 0..n {
        if k != p && k != q {
            a[k * n + p] = a[p * n + k];
            a[k * n + q] = a[q * n + k];
        }
    }
    a[p * n + p] = app - t * apq;
    a[q * n + q] = aqq + t * apq;
    a[p * n + q] = 0.0;
    a[q * n + p] = 0.0;
    rotate_rows(vectors, n, p, q, c, s);
}

#[inline(always)]
fn rotate_rows(matrix: &mut [f64], n: usize, p: usize, q: usize, c: f64, s: f64) {
    let (head, tail) = matrix.split_at_mut(q * n);
    for (x, y) in head[p * n..(p + 1) * n].iter_mut().zip(&mut tail[..n]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}
