use ndarray::Array2;

use super::blocks::gram;
use super::design::padded_rows;
use super::error::{AlsError, Side};
use super::feedback::{Arithmetic, Feedback};
use super::half_step::HalfStep;
use super::interactions::{Interactions, SparseRows};
use super::model::{Als, Factors};
use super::params::AlsValidParams;
use super::solve::padded;
use crate::random;

/// A fitted model and how the fit went.
#[derive(Clone, Debug, PartialEq)]
pub struct AlsFit {
    /// The fitted model.
    pub model: Als,
    /// The penalised loss after each iteration.
    pub losses: Vec<f64>,
    /// Whether the loss had settled; otherwise the iterations were used up.
    pub converged: bool,
}

/// Factors to start from. The other side is computed from these and need not be given.
#[derive(Clone, Debug, PartialEq)]
pub enum WarmStart {
    /// One row per user; the first step solves the items.
    Users(Factors),
    /// One row per item; an extra first step solves the users.
    Items(Factors),
}

/// Name of the random stream of the start.
const START: u64 = 1;

impl AlsValidParams {
    /// Fits a model from a random start. In each iteration first the items are solved, then the
    /// users, as in Spark.
    ///
    /// A user or item without interactions gets zero factors. So does, with implicit feedback, one
    /// without a positive score.
    ///
    /// Memory: beside the interactions, the factors of both sides and a padded copy of one.
    ///
    /// # Errors
    /// No interaction; no positive score (implicit feedback); equations without a unique solution,
    /// which a regularization above 0 excludes unless scores are huge.
    pub fn fit(&self, interactions: &Interactions) -> Result<AlsFit, AlsError> {
        self.check_interactions(interactions)?;
        let users = self.random_users(interactions.n_users());
        self.iterate(interactions, users, self.mean_of(interactions))
    }

    /// Fits a model from given factors, for instance those of an earlier fit.
    ///
    /// Rows of zeros stand for users or items that are new: they do not influence the first step
    /// and are solved in their turn. All zeros is no start: nothing would ever move.
    ///
    /// # Errors
    /// As [`AlsValidParams::fit`], and factors or biases of another shape or not finite.
    pub fn fit_from(
        &self,
        interactions: &Interactions,
        start: WarmStart,
    ) -> Result<AlsFit, AlsError> {
        self.check_interactions(interactions)?;
        let mean = self.mean_of(interactions);
        let biases = self.has_biases();
        let users = match start {
            WarmStart::Users(users) => {
                users.check(Side::User, interactions.n_users(), self.factors, biases)?;
                users
            }
            WarmStart::Items(items) => {
                items.check(Side::Item, interactions.n_items(), self.factors, biases)?;
                self.half_step(&interactions.by_user, Side::User, &items, None, mean)?
            }
        };
        self.iterate(interactions, users, mean)
    }

    fn iterate(
        &self,
        interactions: &Interactions,
        mut users: Factors,
        mean: f32,
    ) -> Result<AlsFit, AlsError> {
        let (by_user, by_item) = (&interactions.by_user, &interactions.by_item);
        let mut losses: Vec<f64> = Vec::new();
        let mut user_gram = self.gram_of(&users);
        loop {
            let items = self.half_step(by_item, Side::Item, &users, user_gram.as_deref(), mean)?;
            let item_gram = self.gram_of(&items);
            users = self.half_step(by_user, Side::User, &items, item_gram.as_deref(), mean)?;
            user_gram = self.gram_of(&users);

            let model = Als {
                users,
                items,
                global_mean: mean,
            };
            let grams = user_gram.as_deref().zip(item_gram.as_deref());
            let loss = self.loss(interactions, &model, grams);
            let converged = losses
                .last()
                .is_some_and(|&previous| previous - loss <= self.tol * previous.abs());
            losses.push(loss);
            if converged || losses.len() >= self.iterations {
                return Ok(AlsFit {
                    model,
                    losses,
                    converged,
                });
            }
            users = model.users;
        }
    }

    /// Solves one side. Without a given Gram matrix of the other it is computed.
    pub(crate) fn half_step(
        &self,
        rows: &SparseRows,
        side: Side,
        other: &Factors,
        gram: Option<&[f64]>,
        mean: f32,
    ) -> Result<Factors, AlsError> {
        let computed = if gram.is_none() {
            self.gram_of(other)
        } else {
            None
        };
        let gram = gram.or(computed.as_deref());
        let n_short = self.count_short(rows);
        match self.arithmetic {
            Arithmetic::F32 => {
                HalfStep::<f32>::new(self, mean, other, gram, n_short).solve_all(rows, side)
            }
            Arithmetic::F64 => {
                HalfStep::<f64>::new(self, mean, other, gram, n_short).solve_all(rows, side)
            }
        }
    }

    /// Rows with entries, but fewer than unknowns.
    fn count_short(&self, rows: &SparseRows) -> usize {
        let width = self.factors + usize::from(self.has_biases());
        let short = |&row: &usize| (1..width).contains(&rows.row(row).len());
        (0..rows.n_rows()).filter(short).count()
    }

    /// `Z'Z` of one side, padded, if the feedback is implicit.
    pub(crate) fn gram_of(&self, factors: &Factors) -> Option<Vec<f64>> {
        let stride = padded(self.factors);
        self.gram_weight()
            .map(|_| gram(&padded_rows(factors, false, stride), stride))
    }

    fn check_interactions(&self, interactions: &Interactions) -> Result<(), AlsError> {
        if interactions.is_empty() {
            return Err(AlsError::NoInteractions);
        }
        let users = 0..interactions.n_users();
        let mut scores = users.flat_map(|user| interactions.user(user).scores);
        match self.feedback {
            Feedback::Implicit { .. } if !scores.any(|&score| score > 0.0) => {
                Err(AlsError::NoPositiveScore)
            }
            _ => Ok(()),
        }
    }

    fn mean_of(&self, interactions: &Interactions) -> f32 {
        if self.has_biases() {
            interactions.mean_score() as f32
        } else {
            0.0
        }
    }

    /// Independent uniform coordinates, such that a vector has expected squared length
    /// `init_scale^2`; each user draws from a stream of its own.
    fn random_users(&self, n_users: usize) -> Factors {
        let half_width = self.init_scale * (3.0 / self.factors as f64).sqrt();
        let mut vectors = Array2::zeros((n_users, self.factors));
        for (name, mut row) in (0_u64..).zip(vectors.rows_mut()) {
            let mut rng = random::stream(self.seed, &[START, name]);
            for value in &mut row {
                let drawn = (2.0 * random::unit(&mut rng) - 1.0) * half_width;
                *value = if self.non_negative {
                    drawn.abs()
                } else {
                    drawn
                } as f32;
            }
        }
        Factors {
            vectors,
            biases: self.has_biases().then(|| vec![0.0; n_users]),
        }
    }
}
