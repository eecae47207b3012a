//! What the user typed: flags, their help and their parsing; no side effects.

mod cluster;
mod common;
mod lookups;
mod recommendation;
mod segmentation;
mod serving;

pub(crate) use cluster::{CancelArgs, StatusArgs, SubmitArgs};
pub(crate) use common::{CommonArgs, LogArgs, LogFormat, OutputFormat, SourceArgs};
pub(crate) use lookups::{ProfileArgs, RunsArgs, ShowArgs};
pub(crate) use recommendation::{RecommendationArgs, RecommendationFlags};
pub(crate) use segmentation::{Algorithm, Scale, SegmentationArgs};
pub(crate) use serving::{ListArgs, ListFormat, RecommendArgs, SimilarArgs};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Customer segmentation and recommendation for e-commerce event logs.
///
/// An event log goes in; every customer comes out with RFM scores, a behaviour cluster, one fused
/// segment and the products to show next, with charts and reports. Exit codes: 0 done, 2 usage,
/// 3 bad input data, 4 cluster, 5 output, 130 cancelled, 1 a fault of the program itself.
#[derive(Debug, Parser)]
#[command(name = "jobs", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) log: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate a shop, run every job on it, print where the reports are.
    Demo(DemoArgs),
    /// Run a job in this process.
    Run {
        #[command(subcommand)]
        job: JobArgs,
    },
    /// Run a job on a Ballista cluster.
    Submit {
        #[command(flatten)]
        cluster: SubmitArgs,
        #[command(subcommand)]
        job: JobArgs,
    },
    /// Show what a scheduler and its executors are doing, or how far one query is.
    Status(StatusArgs),
    /// Give up a query that runs on a cluster; its client ends with an error.
    Cancel(CancelArgs),
    /// Show the scores, segments, cluster and habits of one customer.
    Profile(ProfileArgs),
    /// Recommend products to one customer, from a finished recommendation run.
    Recommend(RecommendArgs),
    /// Show the products that the same customers like as one product.
    Similar(SimilarArgs),
    /// List the finished runs of an output folder, newest first.
    Runs(RunsArgs),
    /// Show one finished run: its parameters, files and figures.
    Show(ShowArgs),
    /// Read an event log and account for every row: used, duplicate, quarantined, and why.
    Check(CheckArgs),
    /// Write the event log of a simulated shop.
    Generate(GenerateArgs),
}

/// The jobs that can be run or submitted.
#[derive(Debug, Subcommand)]
pub(crate) enum JobArgs {
    /// RFM scores, behaviour clusters and one fused segment for every customer.
    Segmentation(Box<SegmentationArgs>),
    /// A model of what customers like, tested, and the best products for every customer.
    Recommendation(Box<RecommendationArgs>),
}

impl JobArgs {
    /// What every job takes.
    pub(crate) fn common(&self) -> &CommonArgs {
        match self {
            Self::Segmentation(args) => &args.common,
            Self::Recommendation(args) => &args.common,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the simulated shop and the runs go.
    #[arg(long, default_value = "out/demo", value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// How many events the shop writes.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) events: u64,
    /// How many customers visit it.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) users: u64,
    /// How many products it sells.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) products: u64,
    /// The seed of everything that is left to chance.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Worker threads; all cores when not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// How to print the account.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
    /// Worker threads; all cores when not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// The most memory the engine may take before it spills, such as 4GB.
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// The folder to write to; made when it does not exist.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// How many events to write.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) events: u64,
    /// How many customers visit the shop.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) users: u64,
    /// How many products the shop sells.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) products: u64,
    /// The same seed writes the same bytes, on any number of threads.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// The format of the files.
    #[arg(long, value_enum, default_value_t = GenerateFormat::Parquet)]
    pub(crate) format: GenerateFormat,
    /// Worker threads; all cores when not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GenerateFormat {
    Parquet,
    Csv,
}
