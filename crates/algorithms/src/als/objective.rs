//! What is minimised, as numbers per entry and per row.
//!
//! For implicit feedback, with `s` the score the model gives a pair and `c = alpha |r|`:
//!
//! ```text
//! Hu-Koren:   sum over all pairs    (1 + c) (p - s)^2        p = 1 if r > 0, else 0
//! revisited:  sum over all pairs    w s^2   +   sum over scores   c (p - s)^2
//! explicit:   sum over scores       (r - mean - b_user - b_item - s)^2
//! ```
//!
//! each plus, for every row with `n` scores, `lambda n^exponent` times its squared length. With `z`
//! the factors of the other side, the equations of a row are
//! `(w Z'Z + sum c z z' + lambda n^exponent I) x = sum beta z`.

use super::feedback::Feedback;
use super::interactions::Row;
use super::params::AlsValidParams;
use super::solve::Real;
use crate::isa::{self, Kernel};

/// One score in the equations of a row: `weight z z'` on the left, `beta z` on the right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) weight: f64,
    pub(crate) beta: f64,
}

impl Feedback {
    /// The part of a score in the equations; `offset` is what an explicit model adds to the dot
    /// product.
    #[inline(always)]
    pub(crate) fn entry(self, score: f32, offset: f64) -> Entry {
        let score = f64::from(score);
        match self {
            Self::Explicit { .. } => Entry {
                weight: 1.0,
                beta: score - offset,
            },
            Self::Implicit {
                alpha,
                unobserved_weight,
            } => {
                let weight = alpha * score.abs();
                let of_preference = if unobserved_weight.is_some() {
                    0.0
                } else {
                    1.0
                };
                let beta = if score > 0.0 {
                    of_preference + weight
                } else {
                    0.0
                };
                Entry { weight, beta }
            }
        }
    }
}

/// [`Feedback::entry`] of many scores.
pub(crate) struct Weigh<'a, T> {
    pub(crate) feedback: Feedback,
    pub(crate) scores: &'a [f32],
    /// One per score with biases, else none.
    pub(crate) offsets: &'a [f64],
    /// Receives the roots of the weights; as many as scores.
    pub(crate) roots: &'a mut [T],
    /// As many as scores.
    pub(crate) beta: &'a mut [T],
}

impl<T: Real> Weigh<'_, T> {
    pub(crate) fn compute(self) {
        isa::run(self);
    }
}

impl<T: Real> Kernel for Weigh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let targets = self.roots.iter_mut().zip(self.beta);
        let put = |(root, beta): (&mut T, &mut T), entry: Entry| {
            *root = T::from_f64(entry.weight).sqrt();
            *beta = T::from_f64(entry.beta);
        };
        match self.feedback {
            // Copies: what is decided by them is decided once.
            feedback @ Feedback::Explicit { biases: true } => {
                let scores = self.scores.iter().zip(self.offsets);
                for ((&score, &offset), target) in scores.zip(targets) {
                    put(target, feedback.entry(score, offset));
                }
            }
            feedback => {
                for (&score, target) in self.scores.iter().zip(targets) {
                    put(target, feedback.entry(score, 0.0));
                }
            }
        }
    }
}

impl AlsValidParams {
    pub(crate) fn has_biases(&self) -> bool {
        matches!(self.feedback, Feedback::Explicit { biases: true })
    }

    /// Unknowns of a row: the factors, and the bias if there is one.
    pub(crate) fn width(&self) -> usize {
        self.factors + usize::from(self.has_biases())
    }

    /// Weight of the pairs without a score; `None` if they have none.
    pub(crate) fn gram_weight(&self) -> Option<f64> {
        match self.feedback {
            Feedback::Explicit { .. } => None,
            Feedback::Implicit {
                unobserved_weight, ..
            } => Some(unobserved_weight.unwrap_or(1.0)),
        }
    }

    /// What a score adds to the loss beside the sum over all pairs, when the model gives `s`.
    pub(crate) fn entry_loss(&self, score: f32, offset: f64, s: f64) -> f64 {
        let Entry { weight, beta } = self.feedback.entry(score, offset);
        match self.feedback {
            Feedback::Explicit { .. } => (beta - s) * (beta - s),
            // weight s^2 - 2 beta s + beta p: both definitions, multiplied out.
            Feedback::Implicit { .. } => weight * s * s - 2.0 * beta * s + beta,
        }
    }

    /// Penalties of a row on its squared factors and on its squared bias; `n_other` is the size of
    /// the other side.
    pub(crate) fn penalties(&self, row: Row<'_>, n_other: usize) -> (f64, f64) {
        self.penalties_of(self.n_penalized(row), n_other)
    }

    /// The scores of a row that its penalties grow with.
    pub(crate) fn n_penalized(&self, row: Row<'_>) -> usize {
        match self.feedback {
            Feedback::Explicit { .. } => row.len(),
            Feedback::Implicit { .. } => row.scores.iter().filter(|&&score| score > 0.0).count(),
        }
    }

    /// The penalties of a row by the number of scores they grow with.
    pub(crate) fn penalties_of(&self, n_penalized: usize, n_other: usize) -> (f64, f64) {
        let n = match self.feedback {
            Feedback::Implicit {
                unobserved_weight: Some(weight),
                ..
            } => n_penalized as f64 + weight * n_other as f64,
            _ => n_penalized as f64,
        };
        let scale = power(n, self.regularization_exponent);
        let of_bias = self.bias_regularization.unwrap_or(self.regularization);
        (self.regularization * scale, of_bias * scale)
    }
}

/// `n^exponent`, the usual exponents without the detour over logarithms.
fn power(n: f64, exponent: f64) -> f64 {
    if exponent == 0.0 {
        1.0
    } else if exponent == 0.5 {
        n.sqrt()
    } else if exponent == 1.0 {
        n
    } else {
        n.powf(exponent)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::isa::{Isa, run_on};

    const IMPLICIT: Feedback = Feedback::Implicit {
        alpha: 3.7,
        unobserved_weight: None,
    };

    fn check<T: Real>(feedback: Feedback, scores: &[f32], offsets: &[f64]) {
        let entries: Vec<Entry> = (scores.iter().enumerate())
            .map(|(place, &score)| feedback.entry(score, *offsets.get(place).unwrap_or(&0.0)))
            .collect();
        let expected: Vec<(T, T)> = (entries.iter())
            .map(|entry| (T::from_f64(entry.weight).sqrt(), T::from_f64(entry.beta)))
            .collect();
        for &isa in Isa::ALL {
            let (mut roots, mut beta) = (
                vec![T::INFINITY; scores.len()],
                vec![T::INFINITY; scores.len()],
            );
            let weigh = Weigh {
                feedback,
                scores,
                offsets,
                roots: &mut roots,
                beta: &mut beta,
            };
            run_on(isa, weigh);
            let found: Vec<(T, T)> = roots.into_iter().zip(beta).collect();
            assert_eq!(found, expected, "{feedback:?} {isa:?}");
        }
    }

    proptest! {
        #[test]
        fn many_scores_weigh_what_each_weighs(
            scores in prop::collection::vec(
                prop_oneof![Just(0.0_f32), Just(-0.0), -9.0_f32..9.0, any::<f32>()], 0..70
            ),
            offset in -5.0..5.0,
        ) {
            let scores: Vec<f32> = scores.into_iter().filter(|score| score.is_finite()).collect();
            let offsets: Vec<f64> = (0..scores.len()).map(|row| offset + row as f64).collect();
            let revisited = Feedback::Implicit { alpha: 0.3, unobserved_weight: Some(0.01) };
            for feedback in [Feedback::Explicit { biases: false }, IMPLICIT, revisited] {
                check::<f32>(feedback, &scores, &[]);
                check::<f64>(feedback, &scores, &[]);
            }
            check::<f32>(Feedback::Explicit { biases: true }, &scores, &offsets);
            check::<f64>(Feedback::Explicit { biases: true }, &scores, &offsets);
        }
    }

    #[test]
    fn what_is_not_positive_speaks_for_nothing() {
        for score in [0.0, -0.0, -2.0] {
            assert_eq!(IMPLICIT.entry(score, 0.0).beta, 0.0);
        }
        let (weight, beta) = (3.7 * 2.0, 1.0 + 3.7 * 2.0);
        assert_eq!(IMPLICIT.entry(2.0, 0.0), Entry { weight, beta });
    }
}
