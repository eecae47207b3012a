//! The job: its steps in their order.

use std::sync::Arc;

use async_trait::async_trait;
use data::{Account, EventsParams};
use pipeline::{Done, Failure, Job, JobContext};
use report::ReportFrame;

use crate::features::{Customers, buying_months, feature_table};
use crate::outcome::{Outcome, Span};
use crate::output::{self, CUSTOMERS, Files};
use crate::rules::Rules;
use crate::settings::SegmentationSettings;
use crate::{SegmentationError, clusters, fusion, months, notes, rfm};

const STEPS: &[&str] = &["events", "features", "rfm", "clusters", "fusion", "outcome"];

/// The segmentation job.
#[derive(Debug, Clone)]
pub struct Segmentation {
    /// Where the events come from.
    pub events: EventsParams,
    /// How customers are scored and grouped.
    pub settings: SegmentationSettings,
}

/// What is known before the first feature is computed.
struct Input {
    account: Account,
    sample: Option<f64>,
}

#[async_trait]
impl Job for Segmentation {
    type Outcome = Arc<Outcome>;
    type Error = Failure;

    fn name(&self) -> &'static str {
        "segmentation"
    }

    fn steps(&self) -> &'static [&'static str] {
        STEPS
    }

    async fn run(&self, context: &JobContext) -> Result<Arc<Outcome>, Failure> {
        // What is wrong with the settings shows before hours are spent on the events.
        self.settings.check().map_err(SegmentationError::from)?;
        let rules = Rules::load(&self.settings).await?;
        let staged = intake::stage(context, &self.events).await?;
        let input = Input {
            account: staged.account,
            sample: self.events.quick,
        };
        let frame = ReportFrame {
            run_id: context.run.id().to_string(),
            created: context.run.started(),
            program_version: env!("CARGO_PKG_VERSION"),
            files: staged.files,
            mapping: staged.mapping,
        };
        let outcome = segment(context, input, &self.settings, rules).await?;
        context
            .step("outcome", write(context, Arc::clone(&outcome), frame))
            .await?;
        Ok(outcome)
    }
}

/// From the table `events` to the outcome.
async fn segment(
    context: &JobContext,
    input: Input,
    settings: &SegmentationSettings,
    rules: Rules,
) -> Result<Arc<Outcome>, Failure> {
    let (span, customers) = context
        .step("features", features(context, settings))
        .await?;
    let (customers, rules, settings) = (
        Arc::new(customers),
        Arc::new(rules),
        Arc::new(settings.clone()),
    );
    let totalled = context
        .step("rfm", async {
            let (customers, rules) = (Arc::clone(&customers), Arc::clone(&rules));
            let work = move || {
                rfm::analyse(
                    &customers,
                    span.as_of,
                    &rules.segments,
                    rules.frozen.clone(),
                )
            };
            let totalled = context.compute(work).await??;
            let buyers = totalled.totals.buyers;
            Ok::<_, Failure>(Done::rows(totalled, buyers))
        })
        .await?;
    let (rfm, totals) = (totalled.rfm, totalled.totals);
    let clusters = context
        .step("clusters", async {
            let (customers, settings) = (Arc::clone(&customers), Arc::clone(&settings));
            let (bounds, seed) = (rules.fusion.bounds(), context.seed);
            let work = move || clusters::analyse(&customers, &settings, bounds, seed);
            let clusters = context.compute(work).await??;
            context.note(&clusters.reason);
            let count = clusters.clusters.len() as u64;
            Ok::<_, Failure>(Done::rows(clusters, count))
        })
        .await?;
    let (fusion, months) = context
        .step("fusion", async {
            let fusion = fusion::analyse(&customers, &rfm, &clusters, &rules.fusion)?;
            let bought = buying_months(&context.engine, span.as_of).await?;
            let months = months::by_segment(&bought, &customers, &rfm)?;
            let count = fusion
                .fused
                .iter()
                .filter(|fused| fused.size.customers > 0)
                .count();
            Ok::<_, Failure>(Done::rows((fusion, months), count as u64))
        })
        .await?;
    let notes = notes::notes(&span, input.sample, &totals, &rfm, &clusters, &settings);
    Ok(Arc::new(Outcome {
        span,
        seed: context.seed,
        settings: Arc::unwrap_or_clone(settings),
        sample: input.sample,
        account: input.account,
        totals,
        customers: Arc::unwrap_or_clone(customers),
        rfm,
        clusters,
        fusion,
        months,
        notes,
    }))
}

async fn features(
    context: &JobContext,
    settings: &SegmentationSettings,
) -> Result<Done<(Span, Customers)>, Failure> {
    let span = intake::span(&context.engine, context.as_of)
        .await?
        .ok_or(SegmentationError::NoEvents)?;
    let customers = feature_table(&context.engine, span.as_of).await?;
    let (found, needed) = (customers.len(), settings.min_customers);
    if found == 0 && span.first_event_at >= span.as_of {
        let Span {
            as_of,
            first_event_at: first,
            last_event_at: last,
            ..
        } = span;
        return Err(SegmentationError::NothingBefore { as_of, first, last }.into());
    }
    if found < needed.max(1) {
        return Err(SegmentationError::TooFewCustomers { found, needed }.into());
    }
    Ok(Done::rows((span, customers), found as u64))
}

async fn write(
    context: &JobContext,
    outcome: Arc<Outcome>,
    frame: ReportFrame,
) -> Result<Done<()>, Failure> {
    intake::write_account(context, &outcome.account).await?;
    // The table is encoded and stored while charts are drawn.
    let table = async {
        let outcome = Arc::clone(&outcome);
        let customers = context.compute(move || output::customers(&outcome));
        let customers = [customers.await??];
        let rows = (context.run).write_table(CUSTOMERS, customers[0].schema(), &customers);
        Ok::<_, Failure>(rows.await?)
    };
    let others = async {
        let outcome = Arc::clone(&outcome);
        let lay_out = context.compute(move || Files::lay_out(&outcome, &frame));
        Ok(lay_out.await??.write(&context.run).await?)
    };
    let (rows, ()) = tokio::try_join!(table, others)?;
    Ok(Done::rows((), rows))
}
