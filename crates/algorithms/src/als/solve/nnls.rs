use super::cholesky::solve;
use super::{NotPositive, padded};

/// Minimises `x' A x / 2 - b' x` over `x >= 0`, for a positive definite `A` (upper triangle, rows of
/// width `stride`) and the first `b.len()` unknowns. The first `n_free` unknowns may be negative.
///
/// The active-set method of Lawson and Hanson in the form of Bro and de Jong 1997 (*A fast
/// non-negativity-constrained least squares algorithm*): exact up to rounding, in finitely many
/// steps, each a Cholesky solve in the unknowns that are not held at zero.
pub(crate) fn non_negative(
    a: &[f64],
    stride: usize,
    b: &[f64],
    n_free: usize,
) -> Result<Vec<f64>, NotPositive> {
    let n = b.len();
    let at = |i: usize, j: usize| a[i.min(j) * stride + i.max(j)];
    let mut x = vec![0.0; n];
    let mut passive: Vec<bool> = (0..n).map(|i| i < n_free).collect();
    if n_free > 0 {
        x = solve_passive(&at, b, &passive)?;
    }
    let largest = b.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    // Every step lowers the objective, so no set of unknowns comes twice; rounding alone could make
    // it go on, hence the limit.
    for _ in 0..3 * n {
        let slope = |i: usize| b[i] - (0..n).map(|j| at(i, j) * x[j]).sum::<f64>();
        let steepest = (0..n).filter(|&i| !passive[i]).map(|i| (i, slope(i))).fold(
            None,
            |best: Option<(usize, f64)>, next| match best {
                Some(best) if best.1 >= next.1 => Some(best),
                _ => Some(next),
            },
        );
        let Some((enter, _)) = steepest.filter(|&(_, slope)| slope > 1e-12 * largest) else {
            break;
        };
        passive[enter] = true;
        let mut s = solve_passive(&at, b, &passive)?;
        // Walk towards the solution and leave out the unknowns that reach zero on the way.
        loop {
            let reach = |i: usize| {
                let share = x[i] / (x[i] - s[i]);
                // 0 / 0: the unknown is at zero and stays there.
                if share.is_finite() { share } else { 0.0 }
            };
            let blocked = (n_free..n).filter(|&i| passive[i] && s[i] <= 0.0);
            let shares: Vec<(usize, f64)> = blocked.map(|i| (i, reach(i))).collect();
            let Some(step) = shares.iter().map(|&(_, share)| share).reduce(f64::min) else {
                break;
            };
            for (value, &target) in x.iter_mut().zip(&s) {
                *value += step * (target - *value);
            }
            for (i, _) in shares.into_iter().filter(|&(_, share)| share <= step) {
                x[i] = 0.0;
                passive[i] = false;
            }
            s = solve_passive(&at, b, &passive)?;
        }
        x = s;
    }
    Ok(x)
}

/// The solution in the passive unknowns, the others zero.
fn solve_passive(
    at: &impl Fn(usize, usize) -> f64,
    b: &[f64],
    passive: &[bool],
) -> Result<Vec<f64>, NotPositive> {
    let chosen: Vec<usize> = (0..b.len()).filter(|&i| passive[i]).collect();
    let width = padded(chosen.len());
    let mut system = vec![0.0; width * width];
    for (row, &i) in system.chunks_exact_mut(width).zip(&chosen) {
        for (value, &j) in row.iter_mut().zip(&chosen) {
            *value = at(i, j);
        }
    }
    for diagonal in system.iter_mut().step_by(width + 1).skip(chosen.len()) {
        *diagonal = 1.0;
    }
    let mut solution: Vec<f64> = chosen.iter().map(|&i| b[i]).collect();
    solution.resize(width, 0.0);
    solve(&mut system, width, &mut solution)?;
    let mut x = vec![0.0; b.len()];
    for (&i, value) in chosen.iter().zip(solution) {
        x[i] = value;
    }
    Ok(x)
}
