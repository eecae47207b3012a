//! The job: its steps in their order.

use std::sync::Arc;

use ::report::ReportFrame;
use algorithms::als::{Als, AlsFit};
use arrow::array::RecordBatch;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use data::{Account, EventsParams};
use intake::Span;
use pipeline::{Done, Failure, Job, JobContext};

use crate::error::{RecommendationError, TableError};
use crate::evaluation::{self, Split};
use crate::interactions::{
    self, PairTable, Places, Rows, Scoring, Seen, Window, learned, log_facts, split_moment,
};
use crate::keep::Kept;
use crate::outcome::{
    Choice, ExampleCustomer, Fit, Learned, Outcome, PopularProduct, Protocol, Quality, Reach,
    SegmentSummary, Setting,
};
use crate::output::Files;
use crate::products::Products;
use crate::segments::{Spread, UserSegments};
use crate::settings::{
    Evaluation, FeedbackChoice, FeedbackKind, FoldChoice, RecommendationSettings,
};
use crate::training::{Earlier, JOB};
use crate::{RecommendationModel, examples, notes, popular, products, reach, tables, training};

const STEPS: &[&str] = &[
    "events",
    "interactions",
    "choice",
    "test",
    "fit",
    "recommendations",
    "outcome",
];

/// The recommendation job.
#[derive(Debug, Clone)]
pub struct Recommendation {
    /// Where the events come from.
    pub events: EventsParams,
    /// How products are recommended.
    pub settings: RecommendationSettings,
}

/// What the events say, before anything is learned from them.
struct Facts {
    span: Span,
    scoring: Scoring,
    rows: Rows,
    pairs: Arc<PairTable>,
    products: RecordBatch,
    learned: Learned,
}

#[async_trait]
impl Job for Recommendation {
    type Outcome = Arc<Outcome>;
    type Error = Failure;

    fn name(&self) -> &'static str {
        JOB
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn run(&self, context: &JobContext) -> Result<Arc<Outcome>, Failure> {
        // What is wrong with the settings shows before hours are spent on the events.
        self.settings.check()?;
        let earlier = match &self.settings.warm_start {
            Some(run) => Some(Earlier::find(context.run.output(), run).await?),
            None => None,
        };
        let staged = intake::stage(context, &self.events).await?;
        let frame = ReportFrame {
            run_id: context.run.id().to_string(),
            created: context.run.started(),
            program_version: env!("CARGO_PKG_VERSION"),
            files: staged.files,
            mapping: staged.mapping,
        };
        let facts = context
            .step("interactions", facts(context, &self.settings))
            .await?;
        if let Some(earlier) = &earlier {
            let feedback = facts.scoring.feedback;
            let grid = evaluation::grid_params(feedback, &self.settings, context.seed);
            earlier.check(&grid.map_err(RecommendationError::from)?)?;
        }
        let choice = self.choose(context, &facts).await?;
        let setting = choice.chosen().map(|candidate| candidate.setting);
        let setting = setting.ok_or_else(|| Failure::internal("no setting was chosen"))?;
        let quality = context
            .step("test", self.test(context, &facts, setting))
            .await?;
        let (fit, model) = context
            .step("fit", self.fit(context, &facts, setting, earlier.as_ref()))
            .await?;
        let found = Found {
            account: staged.account,
            sample: self.events.quick,
            choice,
            quality,
            fit,
        };
        self.finish(context, facts, model, found, frame).await
    }
}

/// What the steps before the last two found.
struct Found {
    account: Account,
    sample: Option<f64>,
    choice: Choice,
    quality: Option<Quality>,
    fit: Fit,
}

impl Recommendation {
    async fn choose(&self, context: &JobContext, facts: &Facts) -> Result<Choice, Failure> {
        let choice = async {
            let (pairs, settings) = (Arc::clone(&facts.pairs), self.settings.clone());
            let (feedback, seed) = (facts.scoring.feedback, context.seed);
            let memory = context.engine.memory_limit_bytes();
            let work = move || evaluation::choose(&pairs, feedback, &settings, seed, memory);
            let choice = context.compute(work).await?;
            let choice = choice.map_err(RecommendationError::from)?;
            context.note(&choice.reason);
            let fits: usize = choice.candidates.iter().map(|c| c.folds.len()).sum();
            Ok::<_, Failure>(Done::rows(choice, fits as u64))
        };
        context.step("choice", choice).await
    }

    /// Tests the chosen setting on later events or, when there is no later, on the first fold;
    /// neither when no lists are to be evaluated.
    async fn test(
        &self,
        context: &JobContext,
        facts: &Facts,
        setting: Setting,
    ) -> Result<Done<Option<Quality>>, Failure> {
        if self.settings.evaluation == Evaluation::Errors {
            return Ok(Done::rows(None, 0));
        }
        let (feedback, seed) = (facts.scoring.feedback, context.seed);
        if let Some(at) = split_moment(&context.engine, &facts.span, &self.settings).await? {
            let split = self.time_split(context, facts, at).await?;
            let settings = self.settings.clone();
            let work = move || evaluation::test(&split, feedback, setting, &settings, seed);
            let quality = context.compute(work).await?;
            if let Some(quality) = quality.map_err(RecommendationError::from)? {
                let users = quality.n_users;
                return Ok(Done::rows(Some(quality), users));
            }
        }
        let (pairs, settings) = (Arc::clone(&facts.pairs), self.settings.clone());
        let work = move || match evaluation::fold_split(&pairs, &settings, seed)? {
            Some(split) => evaluation::test(&split, feedback, setting, &settings, seed),
            None => Ok(None),
        };
        let quality = context.compute(work).await?;
        let quality = quality.map_err(RecommendationError::from)?;
        let users = quality.as_ref().map_or(0, |quality| quality.n_users);
        Ok(Done::rows(quality, users))
    }

    /// The pairs before a moment to learn from, and those from it on to test on.
    async fn time_split(
        &self,
        context: &JobContext,
        facts: &Facts,
        at: DateTime<Utc>,
    ) -> Result<Split, Failure> {
        let (engine, settings) = (&context.engine, &self.settings);
        let pairs = &facts.pairs;
        let before = Window {
            from: None,
            until: Some(at),
            decay_to: at,
        };
        let work_url = context.run.work_url("pairs_before");
        let train =
            interactions::interactions(engine, before, settings, facts.scoring, &work_url).await?;
        let later = Window {
            from: Some(at),
            until: Some(facts.span.as_of),
            decay_to: facts.span.as_of,
        };
        let (weights, half_life) = (&settings.weights, settings.half_life_days);
        let test = interactions::pairs(engine, later, weights, half_life, facts.scoring).await?;
        let work = {
            let pairs = Arc::clone(pairs);
            move || {
                let known = |rows: Rows| rows.pairs(&pairs.users, &pairs.items);
                Ok::<_, TableError>((known(train)?.pairs, known(test)?))
            }
        };
        let (train, test) = context.compute(work).await??;
        Ok(Split {
            protocol: Protocol::Time { at },
            train,
            trained_until: at.timestamp_micros(),
            n_users: pairs.users.len(),
            n_items: pairs.items.len(),
            best_scores_of_unknown_users: test.unknown_users,
            scores_of_unknown_products: test.unknown_products,
            test: test.pairs,
        })
    }

    async fn fit(
        &self,
        context: &JobContext,
        facts: &Facts,
        setting: Setting,
        earlier: Option<&Earlier>,
    ) -> Result<Done<(Fit, Als)>, Failure> {
        let feedback = facts.scoring.feedback;
        let params = evaluation::als_params(setting, feedback, &self.settings, context.seed);
        let params = params.map_err(RecommendationError::from)?;
        let start = match earlier {
            Some(earlier) => Some(earlier.start(&facts.pairs.items, &params).await?),
            None => None,
        };
        let warm_start = earlier.map(Earlier::run_id);
        let (pairs, given) = (Arc::clone(&facts.pairs), params.clone());
        let work = move || training::fit(&pairs, &given, start);
        let AlsFit {
            model,
            losses,
            converged,
            ..
        } = context.compute(work).await??;
        let rounds = losses.len() as u64;
        let fit = Fit {
            params,
            losses,
            converged,
            warm_start,
        };
        Ok(Done::rows((fit, model), rounds))
    }

    /// Makes the lists of all customers and writes everything.
    async fn finish(
        &self,
        context: &JobContext,
        facts: Facts,
        model: Als,
        found: Found,
        frame: ReportFrame,
    ) -> Result<Arc<Outcome>, Failure> {
        let pairs = Arc::clone(&facts.pairs);
        let model = Arc::new(model);
        let seen = {
            let (rows, pairs) = (facts.rows.clone(), Arc::clone(&pairs));
            let work = move || Seen::of_rows(&rows, &pairs.users, &pairs.items);
            Arc::new(context.compute(work).await??)
        };
        let segments = UserSegments::load(context, &pairs.users).await?;
        let top_n = self.settings.top_n;
        let spread = context
            .step("recommendations", async {
                let fused = segments.as_ref().map(|segments| &segments.fused);
                let mut spread = Spread::new(pairs.items.len(), fused);
                let rows = tables::write_recommendations(
                    context,
                    &model,
                    &pairs,
                    &seen,
                    top_n,
                    |first, lists| spread.add(first, lists),
                );
                let rows = rows.await?;
                Ok::<_, Failure>(Done::rows(spread, rows))
            })
            .await?;
        let shown = {
            let (rows, products) = (facts.rows.clone(), facts.products.clone());
            let (pairs, model) = (Arc::clone(&pairs), Arc::clone(&model));
            let seen = Arc::clone(&seen);
            let work = move || {
                let about = Products::of_table(&products)?;
                let n_users = popular::users_per_item(&pairs);
                let rfm = segments.as_ref().map(|segments| &segments.rfm);
                Ok::<_, RecommendationError>(Shown {
                    popular_table: popular::table(&pairs, &n_users, rfm)
                        .map_err(TableError::from)?,
                    popular: popular::top(&n_users, &pairs.items, &about),
                    segments: segments
                        .as_ref()
                        .map(|segments| spread.summary(segments, &pairs.items, &about)),
                    examples: examples::choose(&pairs, &model, &seen, &about)?,
                    reach: reach::reach(&rows, &pairs.items, &n_users, &spread)?,
                    n_users,
                })
            };
            context.compute(work).await??
        };
        let mut outcome = Outcome {
            span: facts.span,
            seed: context.seed,
            settings: RecommendationSettings {
                // The run that "latest" was: it is another one the next time.
                warm_start: found.fit.warm_start.clone(),
                ..self.settings.clone()
            },
            sample: found.sample,
            account: found.account,
            feedback: facts.scoring.feedback,
            scores_given: facts.scoring.scores_given,
            learned: facts.learned,
            choice: found.choice,
            quality: found.quality,
            fit: found.fit,
            popular: shown.popular,
            segments: shown.segments,
            examples: shown.examples,
            reach: shown.reach,
            notes: Vec::new(),
        };
        outcome.notes = notes::notes(&outcome);
        let outcome = Arc::new(outcome);
        let kept = Kept {
            interactions: facts.rows.batch().map_err(TableError::from)?,
            popular: shown.popular_table,
            products: facts.products,
            model: model_file(&outcome, &pairs, &model),
            pairs,
            n_users: shown.n_users,
            factors: model,
        };
        context
            .step("outcome", write(context, Arc::clone(&outcome), kept, frame))
            .await?;
        Ok(outcome)
    }
}

/// What is made of the lists for people to read.
struct Shown {
    popular_table: RecordBatch,
    popular: Vec<PopularProduct>,
    segments: Option<SegmentSummary>,
    examples: Vec<ExampleCustomer>,
    reach: Reach,
    /// Customers that like each item.
    n_users: Vec<u32>,
}

/// Reads what the events say.
async fn facts(
    context: &JobContext,
    settings: &RecommendationSettings,
) -> Result<Done<Facts>, Failure> {
    let engine = &context.engine;
    let span = intake::span(engine, context.as_of).await?;
    let span = span.ok_or(RecommendationError::NoEvents)?;
    let log = log_facts(engine, span.as_of).await?;
    if log.n_events == 0 {
        return Err(nothing_before(&span).into());
    }
    let scores_given = log.n_scores > 0;
    let scoring = Scoring {
        feedback: match settings.feedback {
            FeedbackChoice::Explicit => FeedbackKind::Explicit,
            FeedbackChoice::Implicit => FeedbackKind::Implicit,
            FeedbackChoice::Auto if scores_given => FeedbackKind::Explicit,
            FeedbackChoice::Auto => FeedbackKind::Implicit,
        },
        scores_given,
        max_score: settings.max_score,
    };
    let window = Window {
        from: None,
        until: Some(span.as_of),
        decay_to: span.as_of,
    };
    let work_url = context.run.work_url("pairs");
    let rows = interactions::interactions(engine, window, settings, scoring, &work_url).await?;
    let products = interactions::products(engine, span.as_of).await?;
    let work = move || {
        let catalogue = products::ids(&products)?;
        let places = Places::of_rows(&rows, &catalogue)?;
        let products = products::with_customers(&products, places.per_product())?;
        let pairs = places.learned(&rows, &catalogue)?;
        let learned = learned(&rows, &places, &pairs, scoring);
        Ok::<_, TableError>((rows, products, pairs, learned))
    };
    let (rows, products, pairs, learned) = context.compute(work).await??;
    let (users, items) = (pairs.users.len(), pairs.items.len());
    if users < 2 || items < 2 {
        return Err(RecommendationError::TooFew {
            users,
            products: items,
        }
        .into());
    }
    if scoring.feedback == FeedbackKind::Implicit && learned.positive_pairs == 0 {
        return Err(RecommendationError::NothingPositive {
            pairs: pairs.pairs.len(),
        }
        .into());
    }
    let folds = pairs.pairs.iter().any(|pair| pair.fold.is_some());
    if settings.fold_source == FoldChoice::Column && !folds {
        return Err(RecommendationError::NoFolds.into());
    }
    let n_pairs = learned.pairs;
    let facts = Facts {
        span,
        scoring,
        rows,
        pairs: Arc::new(pairs),
        products,
        learned,
    };
    Ok(Done::rows(facts, n_pairs))
}

fn nothing_before(span: &Span) -> RecommendationError {
    if span.first_event_at < span.as_of {
        return RecommendationError::NoEvents;
    }
    RecommendationError::NothingBefore {
        as_of: span.as_of,
        first: span.first_event_at,
        last: span.last_event_at,
    }
}

fn model_file(outcome: &Outcome, pairs: &PairTable, model: &Als) -> RecommendationModel {
    let settings = &outcome.settings;
    let segments = outcome.segments.as_ref();
    RecommendationModel {
        feedback: outcome.feedback,
        scores_given: outcome.scores_given,
        params: outcome.fit.params.clone(),
        global_mean: model.global_mean,
        weights: settings.weights,
        half_life_days: settings.half_life_days,
        max_score: settings.max_score,
        as_of: outcome.span.as_of,
        min_user_events: settings.min_user_events,
        n_users: pairs.users.len() as u64,
        n_products: pairs.items.len() as u64,
        segmentation_run: segments.map(|segments| segments.run_id.clone()),
    }
}

async fn write(
    context: &JobContext,
    outcome: Arc<Outcome>,
    kept: Kept,
    frame: ReportFrame,
) -> Result<Done<()>, Failure> {
    intake::write_account(context, &outcome.account).await?;
    // Tables are encoded and stored while charts are drawn.
    let lay_out = async {
        let lay_out = move || Files::lay_out(&outcome, &frame);
        Ok(context.compute(lay_out).await??)
    };
    let (rows, files) = tokio::try_join!(kept.write(context), lay_out)?;
    files.write(&context.run).await?;
    Ok(Done::rows((), rows))
}
