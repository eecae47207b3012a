use clap::Args;

use super::OutputFormat;

#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// Where runs are kept: a folder or an object-store URL.
    #[arg(long, value_name = "URL")]
    pub(crate) output: String,
    /// The customer to show, as the event log writes it.
    #[arg(long, value_name = "ID")]
    pub(crate) user: String,
    /// A run other than the latest.
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// How to print the profile.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// Where runs are kept: a folder or an object-store URL.
    #[arg(long, value_name = "URL")]
    pub(crate) output: String,
    /// How to print the list.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The run to show, as `jobs runs` lists it; `latest` for the newest.
    pub(crate) run: String,
    /// Where runs are kept: a folder or an object-store URL.
    #[arg(long, value_name = "URL")]
    pub(crate) output: String,
    /// How to print the run.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
}
