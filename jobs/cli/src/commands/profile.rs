//! `jobs profile`: one customer of a finished run.

use pipeline::Failure;
use segmentation::CustomerProfile;
use serde_json::Value;

use super::{finished_run, open_output};
use crate::args::{OutputFormat, ProfileArgs};
use crate::output;

const JOB: &str = "segmentation";

/// Looks the customer up and prints what the run knows.
pub(super) async fn profile(args: ProfileArgs) -> Result<(), Failure> {
    let runs = open_output(&args.output)?;
    let run = finished_run(&runs, JOB, args.run.as_deref()).await?;
    let found = segmentation::lookup(&run, &args.user).await?;
    let profile = found.ok_or_else(|| {
        Failure::bad_input(format!(
            "the run {} knows no customer {}; check the id, or whether the customer has an event \
             in the log of that run",
            run.manifest().run_id,
            args.user
        ))
    })?;
    match args.format {
        OutputFormat::Json => output::json(&profile),
        OutputFormat::Table => output::line(&output::facts(&rows(&profile)).to_string()),
    }
}

fn rows(profile: &CustomerProfile) -> Vec<(String, String)> {
    let scores = profile.scores.map_or_else(
        || "none: no purchase".to_owned(),
        |[r, f, m]| format!("recency {r}, frequency {f}, monetary {m} (5 is best)"),
    );
    let recency = profile
        .recency_days
        .map_or_else(|| "no purchase".to_owned(), |days| format!("{days} days"));
    let fixed = [
        ("customer", profile.user_id.clone()),
        ("fused segment", profile.fused_segment.clone()),
        ("RFM segment", profile.rfm_segment.clone()),
        ("advice", profile.advice.clone()),
        (
            "cluster",
            format!("{} ({})", profile.cluster, profile.cluster_name),
        ),
        ("scores", scores),
        ("since last purchase", recency),
        ("orders", profile.frequency.to_string()),
        ("monetary", profile.monetary.clone()),
    ];
    let fixed = fixed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let habits = profile
        .habits
        .iter()
        .map(|(name, value)| (name.clone(), plain(value)));
    fixed.chain(habits).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            format!("{:.4}", number.as_f64().unwrap_or_default())
        }
        other => other.to_string(),
    }
}
