use ndarray::{Array2, ArrayView2};

use super::design::Scratch;
use super::error::{AlsError, Side};
use super::explain::{Explanation, explain};
use super::feedback::Arithmetic;
use super::half_step::HalfStep;
use super::interactions::{Row, check_index};
use super::model::{FactorRow, Factors};
use super::params::AlsValidParams;
use super::solve::padded;

/// The item side of a model made ready for users who were not part of the fit, or whose scores have
/// changed since.
///
/// A user's row is the exact minimiser of the loss for given items, so folding in *all* scores of a
/// user gives the row a further half-iteration would give: after a fit, the user's own row.
pub struct FoldIn<'a> {
    items: &'a Factors,
    global_mean: f32,
    step: Step<'a>,
}

enum Step<'a> {
    F32(HalfStep<'a, f32>),
    F64(HalfStep<'a, f64>),
}

impl AlsValidParams {
    /// Prepares fold-in for the items and global mean of a model fitted with these parameters.
    ///
    /// `O(n_items k^2)` for implicit feedback, where the Gram matrix of the items is needed; see
    /// [`AlsValidParams::fold_in_with_gram`] to keep it from run to run.
    ///
    /// # Errors
    /// Factors or biases of another shape than the parameters say, or not finite.
    pub fn fold_in<'a>(
        &'a self,
        items: &'a Factors,
        global_mean: f32,
    ) -> Result<FoldIn<'a>, AlsError> {
        let gram = self.gram_of(items);
        self.prepare(items, global_mean, gram.as_deref())
    }

    /// As [`AlsValidParams::fold_in`], with the result of [`AlsValidParams::item_gram`].
    ///
    /// # Errors
    /// As [`AlsValidParams::fold_in`], and a Gram matrix that is not `k` by `k`.
    pub fn fold_in_with_gram<'a>(
        &'a self,
        items: &'a Factors,
        global_mean: f32,
        gram: ArrayView2<f64>,
    ) -> Result<FoldIn<'a>, AlsError> {
        let (found_rows, found_columns) = gram.dim();
        let k = self.factors;
        if (found_rows, found_columns) != (k, k) {
            return Err(AlsError::Shape {
                side: Side::Item,
                rows: k,
                columns: k,
                found_rows,
                found_columns,
            });
        }
        let stride = padded(k);
        let mut padded = vec![0.0; stride * stride];
        for ((i, j), &value) in gram.indexed_iter() {
            padded[i * stride + j] = value;
        }
        self.prepare(items, global_mean, Some(&padded))
    }

    /// `Y'Y` of the items, shape `(k, k)`; `None` for explicit scores, which do not need it.
    #[must_use]
    pub fn item_gram(&self, items: &Factors) -> Option<Array2<f64>> {
        let stride = padded(self.factors);
        let shape = (self.factors, self.factors);
        self.gram_of(items)
            .map(|gram| Array2::from_shape_fn(shape, |(i, j)| gram[i * stride + j]))
    }

    fn prepare<'a>(
        &'a self,
        items: &'a Factors,
        global_mean: f32,
        gram: Option<&[f64]>,
    ) -> Result<FoldIn<'a>, AlsError> {
        items.check(Side::Item, items.len(), self.factors, self.has_biases())?;
        let step = match self.arithmetic {
            Arithmetic::F32 => Step::F32(HalfStep::new(self, global_mean, items, gram, false)),
            Arithmetic::F64 => Step::F64(HalfStep::new(self, global_mean, items, gram, false)),
        };
        Ok(FoldIn {
            items,
            global_mean,
            step,
        })
    }
}

impl FoldIn<'_> {
    /// The row of a user with these `(item, score)` pairs, in any order; all of the user's, not
    /// only new ones.
    ///
    /// No pairs, or with implicit feedback no positive score, give a row of zeros. `O(n k^2 + k^3)`.
    ///
    /// # Errors
    /// An item out of range, a score that is not finite, equations without a unique solution.
    pub fn user(&self, scores: &[(u32, f32)]) -> Result<FactorRow, AlsError> {
        let sorted = self.sorted(scores)?;
        let row = sorted.row();
        match &self.step {
            Step::F32(step) => step.solve_alone(row, &mut Scratch::default()),
            Step::F64(step) => step.solve_alone(row, &mut Scratch::default()),
        }
        .map_err(|_| AlsError::SingularFoldIn)
    }

    /// Why a user with these scores gets the score they get for `item`: how much each of them
    /// contributes (Hu and Koren 2008, section 5).
    ///
    /// # Errors
    /// As [`FoldIn::user`].
    pub fn explain(&self, scores: &[(u32, f32)], item: u32) -> Result<Explanation, AlsError> {
        check_index(Side::Item, item, self.items.len())?;
        let user = self.user(scores)?;
        let sorted = self.sorted(scores)?;
        let baseline = f64::from(self.global_mean) + f64::from(self.items.bias(item as usize));
        match &self.step {
            Step::F32(step) => explain(&step.design, sorted.row(), &user, item, baseline),
            Step::F64(step) => explain(&step.design, sorted.row(), &user, item, baseline),
        }
        .map_err(|_| AlsError::SingularFoldIn)
    }

    fn sorted(&self, scores: &[(u32, f32)]) -> Result<Sorted, AlsError> {
        for &(item, score) in scores {
            check_index(Side::Item, item, self.items.len())?;
            if !score.is_finite() {
                return Err(AlsError::NonFiniteFoldIn { item });
            }
        }
        let mut sorted = scores.to_vec();
        sorted.sort_by_key(|&(item, _)| item);
        Ok(Sorted {
            items: sorted.iter().map(|&(item, _)| item).collect(),
            scores: sorted.iter().map(|&(_, score)| score).collect(),
        })
    }
}

struct Sorted {
    items: Vec<u32>,
    scores: Vec<f32>,
}

impl Sorted {
    fn row(&self) -> Row<'_> {
        Row {
            indices: &self.items,
            scores: &self.scores,
        }
    }
}
