use super::design::{Design, Scratch};
use super::interactions::Row;
use super::model::FactorRow;
use super::solve::{NotPositive, solve};

/// A score taken apart: `score = baseline + sum of the contributions`.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The score of the user for the item.
    pub score: f64,
    /// What everybody gets: global mean and item bias of explicit models with biases, else 0.
    pub baseline: f64,
    /// What each of the user's scores adds, the largest first; equal ones by item.
    pub contributions: Vec<Contribution>,
}

/// What one score of a user adds to the score of another item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// The item the user gave the score to.
    pub item: u32,
    /// The score the user gave.
    pub score: f32,
    /// What it adds, possibly negative. Scores at or below 0 of implicit feedback add nothing of
    /// their own; they lower what others add.
    pub contribution: f64,
}

/// The user's row is `A^-1 sum beta_j z_j`, so the score of item `i` is the sum over `j` of
/// `beta_j z_i' A^-1 z_j`. With non-negative factors the same holds within the factors that are
/// not held at zero.
pub(crate) fn explain(
    design: &Design<'_>,
    row: Row<'_>,
    user: &FactorRow,
    item: u32,
    baseline: f64,
) -> Result<Explanation, NotPositive> {
    let stride = design.stride;
    let mut scratch = Scratch::<f64>::default();
    design.equations(design.given(row), &[], &mut scratch);
    let mut a = scratch.a;
    let mut direction: Vec<f64> = design.row(item).iter().map(|&z| f64::from(z)).collect();
    if design.params.non_negative {
        let first = design.width - user.vector.len();
        for (place, _) in (first..).zip(&user.vector).filter(|&(_, &x)| x <= 0.0) {
            for other in 0..stride {
                a[place.min(other) * stride + place.max(other)] = 0.0;
            }
            a[place * stride + place] = 1.0;
            direction[place] = 0.0;
        }
    }
    let mut contributions = Vec::with_capacity(row.len());
    if !row.is_empty() {
        solve(&mut a, stride, &mut direction)?;
    }
    for ((index, score), beta) in row.iter().zip(scratch.weights.beta) {
        let z = design.row(index).iter();
        let along: f64 = z.zip(&direction).map(|(&z, d)| f64::from(z) * d).sum();
        contributions.push(Contribution {
            item: index,
            score,
            contribution: beta * along,
        });
    }
    contributions.sort_by(|a, b| {
        let by_size = b.contribution.total_cmp(&a.contribution);
        by_size.then(a.item.cmp(&b.item))
    });
    let sum: f64 = contributions.iter().map(|c| c.contribution).sum();
    Ok(Explanation {
        score: baseline + sum,
        baseline,
        contributions,
    })
}
