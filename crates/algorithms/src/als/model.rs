use ndarray::{Array2, ArrayView1, Axis};

use super::error::{AlsError, Side};

/// The learned numbers of one side, one row per user or item.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    /// Factors, shape `(n, factors)`, in standard layout.
    pub vectors: Array2<f32>,
    /// A bias per row, for explicit models with biases.
    pub biases: Option<Vec<f32>>,
}

/// A fitted factor model: all that is needed to score pairs.
///
/// The score of a pair is the dot product of its factors, plus, for explicit models with biases,
/// the global mean and both biases. An explicit score is on the scale of the training scores; an
/// implicit one is a preference, mostly between 0 and 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Als {
    /// The users.
    pub users: Factors,
    /// The items.
    pub items: Factors,
    /// Mean of the training scores for models with biases, else 0.
    pub global_mean: f32,
}

/// One row of [`Factors`].
#[derive(Clone, Debug, PartialEq)]
pub struct FactorRow {
    /// The factors.
    pub vector: Vec<f32>,
    /// The bias; 0 in models without.
    pub bias: f32,
}

impl Als {
    /// Number of factors per user and item.
    #[must_use]
    pub fn n_factors(&self) -> usize {
        self.items.vectors.ncols()
    }

    /// Score of a pair; summed in `f32`, in the order of the factors.
    ///
    /// # Panics
    /// If an index is out of range.
    #[must_use]
    pub fn score(&self, user: usize, item: usize) -> f32 {
        let dot = dot(self.users.vectors.row(user), self.items.vectors.row(item));
        dot + (self.global_mean + self.users.bias(user)) + self.items.bias(item)
    }

    /// Score of an item for a folded-in user, as [`Als::score`].
    ///
    /// # Panics
    /// If `item` is out of range.
    #[must_use]
    pub fn score_row(&self, user: &FactorRow, item: usize) -> f32 {
        let dot = dot(ArrayView1::from(&user.vector), self.items.vectors.row(item));
        dot + (self.global_mean + user.bias) + self.items.bias(item)
    }
}

/// The dot product summed from left to right, as Spark's predictions are.
fn dot(a: ArrayView1<f32>, b: ArrayView1<f32>) -> f32 {
    let add = |sum: f32, (x, y): (&f32, &f32)| sum + x * y;
    match (a.to_slice(), b.to_slice()) {
        (Some(a), Some(b)) => a.iter().zip(b).fold(0.0, add),
        _ => a.iter().zip(b).fold(0.0, add),
    }
}

impl Factors {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vectors.nrows()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows at these places, in their order; a copy.
    ///
    /// # Panics
    /// If a place is out of range.
    #[must_use]
    pub fn select(&self, places: &[usize]) -> Self {
        let biases = self.biases.as_ref();
        Self {
            vectors: self.vectors.select(Axis(0), places),
            biases: biases.map(|biases| places.iter().map(|&place| biases[place]).collect()),
        }
    }

    /// The bias of a row, 0 in models without.
    ///
    /// # Panics
    /// If the model has biases and `row` is out of range.
    #[must_use]
    pub fn bias(&self, row: usize) -> f32 {
        self.biases.as_ref().map_or(0.0, |biases| biases[row])
    }

    /// The values, row after row.
    pub(crate) fn values(&self) -> std::borrow::Cow<'_, [f32]> {
        match self.vectors.as_slice() {
            Some(values) => values.into(),
            None => self.vectors.iter().copied().collect::<Vec<_>>().into(),
        }
    }

    /// Checks given factors against what the fit needs.
    pub(crate) fn check(
        &self,
        side: Side,
        rows: usize,
        columns: usize,
        biases: bool,
    ) -> Result<(), AlsError> {
        let (found_rows, found_columns) = self.vectors.dim();
        if (found_rows, found_columns) != (rows, columns) {
            return Err(AlsError::Shape {
                side,
                rows,
                columns,
                found_rows,
                found_columns,
            });
        }
        let expected = if biases { rows } else { 0 };
        let found = self.biases.as_ref().map_or(0, Vec::len);
        if found != expected {
            return Err(AlsError::Biases {
                side,
                expected,
                found,
            });
        }
        let finite = |row: usize| {
            self.bias(row).is_finite() && self.vectors.row(row).iter().all(|v| v.is_finite())
        };
        match (0..rows).find(|&row| !finite(row)) {
            Some(row) => Err(AlsError::NonFiniteFactor { side, row }),
            None => Ok(()),
        }
    }
}
