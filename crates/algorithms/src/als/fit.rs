use ndarray::{ArrayViewMut1, Axis};
use rayon::prelude::*;

use super::blocks::gram;
use super::design::padded_rows;
use super::error::{AlsError, Side};
use super::feedback::{Arithmetic, Feedback};
use super::half_step::HalfStep;
use super::interactions::Interactions;
use super::model::{Als, Factors};
use super::params::AlsValidParams;
use super::schedule::Scheduled;
use super::solve::{Real, aligned_zeros, padded};
use crate::random;

/// A fitted model and how the fit went.
#[derive(Clone, Debug, PartialEq)]
pub struct AlsFit {
    /// The fitted model.
    pub model: Als,
    /// The penalised loss after each iteration; empty if nobody asked for it: see
    /// [`AlsValidParams::untraced`].
    pub losses: Vec<f64>,
    /// Iterations made.
    pub iterations: usize,
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

/// Users whose start is drawn by one thread, at least.
const DRAWN_TOGETHER: usize = 256;

impl AlsValidParams {
    /// Fits a model from a random start. In each iteration first the items are solved, then the
    /// users, as in Spark.
    ///
    /// A user or item without interactions gets zero factors. So does, with implicit feedback, one
    /// without a positive score.
    ///
    /// Memory: beside the interactions, the factors of both sides, a padded copy of one where the
    /// number of factors is no multiple of eight, a turned copy of one where short rows are solved
    /// in the eigenbasis of its Gram matrix, up to ten bytes per row, and on each side what every score
    /// weighs: twelve bytes (in `f64` twenty) where short rows are solved side by side, eight (sixteen)
    /// where rows are solved alone; none for rows of very many scores.
    ///
    /// # Errors
    /// No interaction; no positive score (implicit feedback); equations without a unique solution,
    /// which a regularization above 0 excludes unless the scores are so huge that it is lost beside
    /// them.
    pub fn fit(&self, interactions: &Interactions) -> Result<AlsFit, AlsError> {
        self.check_interactions(interactions)?;
        let users = self.random_users(interactions.n_users());
        self.iterate_from(interactions, WarmStart::Users(users))
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
        let biases = self.has_biases();
        match &start {
            WarmStart::Users(users) => {
                users.check(Side::User, interactions.n_users(), self.factors, biases)?;
            }
            WarmStart::Items(items) => {
                items.check(Side::Item, interactions.n_items(), self.factors, biases)?;
            }
        }
        self.iterate_from(interactions, start)
    }

    fn iterate_from(
        &self,
        interactions: &Interactions,
        start: WarmStart,
    ) -> Result<AlsFit, AlsError> {
        match self.arithmetic {
            Arithmetic::F32 => self.iterate::<f32>(interactions, start),
            Arithmetic::F64 => self.iterate::<f64>(interactions, start),
        }
    }

    fn iterate<T: Real>(
        &self,
        interactions: &Interactions,
        start: WarmStart,
    ) -> Result<AlsFit, AlsError> {
        let mean = self.mean_of(interactions);
        let by_user = self.scheduled::<T>(Side::User, interactions);
        let by_item = self.scheduled::<T>(Side::Item, interactions);
        let mut users = match start {
            WarmStart::Users(users) => users,
            WarmStart::Items(items) => self.half_step(&by_user, &items, None, mean, None)?,
        };
        let (mut losses, mut iterations) = (Vec::new(), 0);
        let mut user_gram = self.gram_of(&users);
        let mut previous_items = None;
        loop {
            let gram = user_gram.as_deref();
            let items = self.half_step(&by_item, &users, gram, mean, previous_items)?;
            let item_gram = self.gram_of(&items);
            let gram = item_gram.as_deref();
            users = self.half_step(&by_user, &items, gram, mean, Some(users))?;
            user_gram = self.gram_of(&users);

            let model = Als {
                users,
                items,
                global_mean: mean,
            };
            let mut converged = false;
            if !self.untraced || self.tol > 0.0 {
                let grams = user_gram.as_deref().zip(item_gram.as_deref());
                let loss = self.loss(interactions, &model, grams);
                let settled = |&before: &f64| before - loss <= self.tol * before.abs();
                converged = self.tol > 0.0 && losses.last().is_some_and(settled);
                losses.push(loss);
            }
            iterations += 1;
            if converged || iterations >= self.iterations {
                return Ok(AlsFit {
                    model,
                    losses,
                    iterations,
                    converged,
                });
            }
            users = model.users;
            previous_items = Some(model.items);
        }
    }

    /// One side of the interactions, and how its rows are solved.
    pub(crate) fn scheduled<'a, T: Real>(
        &self,
        side: Side,
        interactions: &'a Interactions,
    ) -> Scheduled<'a, T> {
        let (rows, other) = match side {
            Side::User => (&interactions.by_user, &interactions.by_item),
            Side::Item => (&interactions.by_item, &interactions.by_user),
        };
        Scheduled::new(self, side, rows, other.n_rows())
    }

    /// Solves one side. Without a given Gram matrix of the other it is computed. The solution is
    /// written to `room`, if it fits.
    pub(crate) fn half_step<T: Real>(
        &self,
        side: &Scheduled<'_, T>,
        other: &Factors,
        gram: Option<&[f64]>,
        mean: f32,
        room: Option<Factors>,
    ) -> Result<Factors, AlsError> {
        let computed = if gram.is_none() {
            self.gram_of(other)
        } else {
            None
        };
        let gram = gram.or(computed.as_deref());
        HalfStep::<T>::new(self, mean, other, gram, side.rotated).solve_all(side, room)
    }

    /// `Z'Z` of one side, padded, if the feedback is implicit.
    pub(crate) fn gram_of(&self, factors: &Factors) -> Option<Vec<f64>> {
        let stride = padded(self.factors);
        self.gram_weight()?;
        let rows = padded_rows(factors, false, stride);
        Some(match self.arithmetic {
            Arithmetic::F32 => gram::<f32>(&rows, stride),
            Arithmetic::F64 => gram::<f64>(&rows, stride),
        })
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
        let mut vectors = aligned_zeros((n_users, self.factors));
        let draw = |(name, mut row): (usize, ArrayViewMut1<'_, f32>)| {
            let mut rng = random::stream(self.seed, &[START, name as u64]);
            for value in &mut row {
                let drawn = (2.0 * random::unit(&mut rng) - 1.0) * half_width;
                *value = if self.non_negative {
                    drawn.abs()
                } else {
                    drawn
                } as f32;
            }
        };
        let rows = vectors.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
        rows.with_min_len(DRAWN_TOGETHER).for_each(draw);
        Factors {
            vectors,
            biases: self.has_biases().then(|| vec![0.0; n_users]),
        }
    }
}
