use clap::{Args, ValueEnum};

/// What every list of products takes.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Where runs are kept: a folder or an object-store URL.
    #[arg(long, value_name = "URL")]
    pub(crate) output: String,
    /// A run other than the latest.
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// How many products.
    #[arg(short, value_name = "COUNT", default_value_t = 10, value_parser = at_least_one)]
    pub(crate) n: usize,
    /// How to print the list.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
    /// Only products for which this SQL condition holds, such as "unit_price < 20 and brand =
    /// 'acme'": on the columns of the run's products.parquet, or of --products.
    #[arg(long = "where", value_name = "CONDITION")]
    pub(crate) predicate: Option<String>,
    /// A table of products of your own for --where, with stock for instance: .csv with a header, or
    /// .parquet, with a column product_id.
    #[arg(long, value_name = "FILE", requires = "predicate")]
    pub(crate) products: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RecommendArgs {
    /// The customer, as the event log writes it; unknown customers get what is popular.
    #[arg(long, value_name = "ID")]
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) list: ListArgs,
    /// Say which products of the past speak for each recommendation, and how much.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Recommend also products the customer has had events with.
    #[arg(long)]
    pub(crate) include_seen: bool,
    /// Events since the run, of this customer or of many, to count in for this answer only; those
    /// in the log of the run would count twice.
    #[arg(long, num_args = 1.., value_name = "URL")]
    pub(crate) with_events: Vec<String>,
    /// The mapping of the new events; recognised by the header when not given.
    #[arg(long, value_name = "NAME|FILE", requires = "with_events")]
    pub(crate) mapping: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SimilarArgs {
    /// The product to compare with, as the event log writes it.
    #[arg(long, value_name = "ID")]
    pub(crate) product: String,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Table,
    Json,
    Csv,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("expected a number of products, at least 1".to_owned()),
    }
}
