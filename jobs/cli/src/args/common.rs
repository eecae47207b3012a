use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, ValueEnum};

/// The heading of what every command takes.
const LOGS: &str = "Logs";

/// Where the events come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct SourceArgs {
    /// Files, folders or globs of the event log: local, or s3:// gs:// az:// http(s)://.
    #[arg(long, required = true, num_args = 1.., value_name = "URL")]
    pub(crate) events: Vec<String>,
    /// A built-in mapping (events, rees46, rees46-cosmetics, online-retail) or a TOML file of
    /// your own; recognised by the header when not given.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) mapping: Option<String>,
    /// Of the files found, read only the newest.
    #[arg(long)]
    pub(crate) latest: bool,
    /// The largest share of rows that may be quarantined before the job gives up [default: 0.2].
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) max_invalid: Option<f64>,
}

/// What every job takes, wherever it runs.
#[derive(Debug, Clone, Args)]
pub(crate) struct CommonArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Where runs are kept: a folder or an object-store URL.
    #[arg(long, value_name = "URL")]
    pub(crate) output: String,
    /// The moment the job looks back from: a day (its midnight, UTC) or a full RFC 3339 time;
    /// midnight after the last event when not given.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) as_of: Option<DateTime<Utc>>,
    /// The seed of everything that is left to chance [default: 42].
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Worker threads; all cores when not given.
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// The most memory the engine may take before it spills to disk, such as 4GB.
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<String>,
    /// Take only this share of the users, for a quick look.
    #[arg(long, value_name = "FRACTION", num_args = 0..=1, default_missing_value = "0.1", value_parser = fraction)]
    pub(crate) quick: Option<f64>,
    /// Run through a scheduler and an executor inside this process instead of embedded.
    #[arg(long)]
    pub(crate) standalone: bool,
    /// Settings in TOML; they yield to JOBS_* variables and to flags.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// What the program says while it works; results go to standard output regardless.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Say nothing on standard error but errors; results still go to standard output.
    #[arg(long, global = true, help_heading = LOGS)]
    pub(crate) quiet: bool,
    /// Log more to the console: -v what happens, -vv every detail.
    #[arg(short, long, global = true, help_heading = LOGS, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How console and file logs are written.
    #[arg(long, global = true, help_heading = LOGS, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// Also log to this file, which is rotated daily and kept for fourteen days.
    #[arg(long, global = true, help_heading = LOGS, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Table,
    Json,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a share between 0 and 1, such as 0.2".to_owned()),
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 1.0 => Ok(value),
        _ => Err("expected a fraction above 0 and at most 1, such as 0.1".to_owned()),
    }
}

/// A time, or a day for its midnight in UTC.
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| {
            "expected a day such as 2011-12-10 or a time such as 2011-12-10T00:00:00Z".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_means_its_midnight_in_utc() {
        assert_eq!(
            moment("2011-12-10").unwrap().to_rfc3339(),
            "2011-12-10T00:00:00+00:00"
        );
        assert_eq!(
            moment("2011-12-10T02:00:00+02:00").unwrap(),
            moment("2011-12-10").unwrap()
        );
        assert!(moment("10.12.2011").is_err());
    }

    #[test]
    fn shares_and_fractions_keep_their_bounds() {
        assert!(share("0").is_ok() && share("1").is_ok() && share("1.1").is_err());
        assert!(fraction("0").is_err() && fraction("0.1").is_ok() && fraction("nan").is_err());
    }
}
