//! `jobs demo`: a simulated shop, every job on it, and where the reports are.

use pipeline::Failure;

use super::{App, generate, run};
use crate::args::{
    CommonArgs, DemoArgs, GenerateArgs, GenerateFormat, JobArgs, RecommendationArgs,
    SegmentationArgs, SourceArgs,
};

/// Simulates the shop, segments its customers and recommends them products.
pub(super) async fn demo(app: &App, args: DemoArgs) -> Result<(), Failure> {
    let shop = args.output.join("shop");
    let generated = GenerateArgs {
        output: shop.clone(),
        events: args.events,
        users: args.users,
        products: args.products,
        seed: args.seed,
        format: GenerateFormat::Parquet,
        threads: args.threads,
    };
    generate::simulate(app, generated).await?;
    let common = CommonArgs {
        source: SourceArgs {
            events: vec![shop.to_string_lossy().into_owned()],
            mapping: Some("events".to_owned()),
            latest: false,
            max_invalid: None,
        },
        output: args.output.join("runs").to_string_lossy().into_owned(),
        as_of: None,
        seed: Some(args.seed),
        threads: args.threads,
        memory_limit: None,
        quick: None,
        standalone: false,
        config: None,
    };
    let segmentation = SegmentationArgs::with_defaults(common.clone());
    run::run(app, JobArgs::Segmentation(Box::new(segmentation))).await?;
    let recommendation = RecommendationArgs::with_defaults(common);
    run::run(app, JobArgs::Recommendation(Box::new(recommendation))).await
}
