//! Staging: files in, the tables `events` and `rejected` out, with the account of both.

use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use engine::{Engine, Params, ScalarValue};
use sha2::{Digest, Sha256};
use sql::{quality, staging};
use tracing::info;

use crate::account::{self, Account};
use crate::choose::Chosen;
use crate::error::DataError;
use crate::files::Found;
use crate::mapping::{
    Resolved, carried, filled, listed, of_catalogue, ordered, quoted, row_columns, row_json,
};
use crate::resolve::{position, resolve};

/// What to read and how.
#[derive(Debug, Clone)]
pub struct EventsParams {
    /// Files, folders and patterns; paths or URLs.
    pub events: Vec<String>,
    /// A built-in mapping's name or a TOML file; `None` = by the columns of the first file.
    pub mapping: Option<String>,
    /// Only the file modified last.
    pub latest: bool,
    /// The share of rows, in [0, 1], that may be unusable.
    pub max_invalid: f64,
    /// The share of users, in (0, 1], to keep; `None` = all. Rows without a user count as not
    /// sampled.
    pub quick: Option<f64>,
    /// The seed of the sample.
    pub seed: u64,
}

impl Default for EventsParams {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            mapping: None,
            latest: false,
            max_invalid: 0.2,
            quick: None,
            seed: 42,
        }
    }
}

/// What was staged.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The counts.
    pub account: Account,
    /// The name of the mapping.
    pub mapping: String,
    /// SHA-256, in hexadecimal, over the mapping's text and each file's URL, size and version.
    pub fingerprint: String,
    /// The URLs of the files, in the order of `_file`; the catalogue last.
    pub files: Vec<String>,
}

/// Reads, maps and judges the events, and registers the tables `events` and `rejected` (columns
/// `file`, `line`, `reason`, `raw`) on the engine.
///
/// Text is parsed once, into Parquet under `work_url`; Parquet sources are read where they are.
/// Exact duplicates are dropped when the mapping says so. Tables of an earlier call on the same
/// engine are replaced.
///
/// # Errors
///
/// [`DataError`]: nothing found, a mapping that does not fit, more unusable rows than
/// `max_invalid`, or a failure of the engine. Nothing that stands in a text file is an error by
/// itself.
pub async fn stage(
    engine: &Engine,
    params: &EventsParams,
    work_url: &str,
) -> Result<Staged, DataError> {
    check_params(params)?;
    let staging = Staging::prepare(engine, params, work_url).await?;
    let account = staging.account(params).await?;
    account.check(params.max_invalid, &staging.chosen.mapping.name)?;
    staging.finish(account, params).await
}

/// Reads and judges the events as [`stage`] does and returns the account with the costlier counts
/// (`duplicates_kept`). However many rows are unusable, that is not an error here.
///
/// # Errors
///
/// As [`stage`], but for `max_invalid`.
pub async fn check(
    engine: &Engine,
    params: &EventsParams,
    work_url: &str,
) -> Result<Account, DataError> {
    check_params(params)?;
    let staging = Staging::prepare(engine, params, work_url).await?;
    let account = staging.account(params).await?;
    let kept = staging.duplicates_kept().await?;
    let mut staged = staging.finish(account, params).await?;
    staged.account.duplicates_kept = kept;
    Ok(staged.account)
}

fn check_params(params: &EventsParams) -> Result<(), DataError> {
    if !(0.0..=1.0).contains(&params.max_invalid) {
        return Err(DataError::Parameter(format!(
            "--max-invalid {} is no share; give a number between 0 and 1",
            params.max_invalid
        )));
    }
    match params.quick {
        Some(fraction) if !(fraction > 0.0 && fraction <= 1.0) => Err(DataError::Parameter(
            format!("--quick {fraction} is no share of users; give a number above 0, at most 1"),
        )),
        _ => Ok(()),
    }
}

/// The staging of one source on one engine.
struct Staging<'a> {
    engine: &'a Engine,
    chosen: Chosen,
    columns: Vec<Field>,
    resolved: Resolved,
    work_url: String,
}

impl<'a> Staging<'a> {
    /// Finds, opens, maps and judges: leaves the table `stg_rows`.
    async fn prepare(
        engine: &'a Engine,
        params: &EventsParams,
        work_url: &str,
    ) -> Result<Self, DataError> {
        let chosen = Chosen::find(params).await?;
        info!(
            mapping = chosen.mapping.name.as_str(),
            files = chosen.files.len(),
            "events found"
        );
        engine.register_table("source_rows", Arc::new(chosen.table.clone()))?;
        let relation = join_catalogue(engine, &chosen).await?;
        let resolved = resolve(engine, &chosen, relation).await?;
        let columns = chosen.table.columns().into_iter().cloned().collect();
        let work_url = work_url.trim_end_matches('/').to_owned();
        let staging = Self {
            engine,
            chosen,
            columns,
            resolved,
            work_url,
        };
        let query = staging.rows_query(relation)?;
        if staging.chosen.table.is_text() {
            let url = format!("{}/stg_rows/", staging.work_url);
            engine.materialise("stg_rows", &query, &[], &url).await?;
        } else {
            engine.create_view("stg_rows", &query, &[]).await?;
        }
        Ok(staging)
    }

    fn rows_query(&self, relation: &str) -> Result<String, DataError> {
        let mut parts = self.resolved.parts();
        let kept: String = self
            .kept()?
            .iter()
            .map(|at| format!(", {}", carried(*at)))
            .collect();
        parts.push(("source".to_owned(), relation.to_owned()));
        parts.push(("row_columns".to_owned(), row_columns(&self.columns)));
        parts.push(("row_json".to_owned(), row_json(&self.columns)));
        parts.push(("kept".to_owned(), kept));
        let parts: Vec<(&str, &str)> = parts
            .iter()
            .map(|(name, part)| (name.as_str(), part.as_str()))
            .collect();
        Ok(staging::STG_ROWS.render(&parts)?)
    }

    /// The source columns that later steps need: all for finding duplicates, else those whose
    /// values are counted.
    fn kept(&self) -> Result<Vec<usize>, DataError> {
        if self.chosen.mapping.dedup {
            return Ok((0..self.columns.len()).collect());
        }
        let profile = self.chosen.mapping.profile.iter();
        profile.map(|name| position(&self.chosen, name)).collect()
    }

    async fn account(&self, params: &EventsParams) -> Result<Account, DataError> {
        let mapped: Vec<&str> = self.resolved.expressions.keys().copied().collect();
        let mut account = account::count(self.engine, &sample(params), &mapped).await?;
        account.files = self.chosen.files.len() as u64;
        for name in &self.chosen.mapping.profile {
            let column = carried(position(&self.chosen, name)?);
            let values = account::distinct(self.engine, &column).await?;
            account.distinct.insert(name.clone(), values);
        }
        if let (Some(section), Some(_)) = (&self.chosen.mapping.catalogue, &self.chosen.catalogue) {
            account.catalogue = Some(account::catalogue(self.engine, &section.key).await?);
        }
        Ok(account)
    }

    /// Registers `events` and `rejected`.
    async fn finish(
        self,
        mut account: Account,
        params: &EventsParams,
    ) -> Result<Staged, DataError> {
        let [fraction, seed] = sample(params);
        // Where nothing was rejected nothing is judged again, whatever asks for the events.
        let clean = ScalarValue::Boolean(Some(account.quarantined.is_empty()));
        let usable = [fraction, seed, ("clean", clean)];
        if self.chosen.mapping.dedup {
            let keys: Vec<String> = (0..self.columns.len()).map(carried).collect();
            let query =
                staging::EVENTS_DEDUPLICATED.render(&[("source_columns", &keys.join(", "))])?;
            let url = format!("{}/events/", self.work_url);
            let written = self
                .engine
                .materialise("events", &query, &usable, &url)
                .await?;
            account.duplicates = account.used.saturating_sub(written.rows);
            account.used = written.rows;
        } else {
            let query = staging::EVENTS.render(&[])?;
            self.engine.create_view("events", &query, &usable).await?;
        }
        self.engine
            .create_view("rejected", &staging::REJECTED.render(&[])?, &usable)
            .await?;
        info!(
            rows_read = account.rows_read,
            used = account.used,
            duplicates = account.duplicates,
            quarantined = account.quarantined_rows(),
            "events staged"
        );
        let catalogue = self.chosen.catalogue.as_ref().map(|(found, _)| found);
        let files = self.chosen.files.iter().chain(catalogue);
        Ok(Staged {
            account,
            mapping: self.chosen.mapping.name.clone(),
            fingerprint: fingerprint(&self.chosen.mapping.text, files.clone()),
            files: files.map(|file| file.url.clone()).collect(),
        })
    }

    /// Exact duplicates that the mapping keeps; `None` when it drops them.
    async fn duplicates_kept(&self) -> Result<Option<u64>, DataError> {
        if self.chosen.mapping.dedup {
            return Ok(None);
        }
        let names: Vec<String> = self
            .columns
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let query = quality::DUPLICATE_ROWS.render(&[("source_columns", &listed(&names))])?;
        account::single_count(self.engine, &query).await.map(Some)
    }
}

/// The parameters of the sample of users.
fn sample(params: &EventsParams) -> [(&'static str, ScalarValue); 2] {
    let seed = i64::from_ne_bytes(params.seed.to_ne_bytes());
    [
        ("fraction", ScalarValue::Float64(params.quick)),
        ("seed", ScalarValue::Int64(Some(seed))),
    ]
}

/// Registers the catalogue, if there is one, and names the relation that the mapping reads.
async fn join_catalogue(engine: &Engine, chosen: &Chosen) -> Result<&'static str, DataError> {
    let (Some(section), Some((_, table))) = (&chosen.mapping.catalogue, &chosen.catalogue) else {
        return Ok("source_rows");
    };
    let names: Vec<String> = table
        .columns()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    for (place, table) in [("catalogue", table), ("source", &chosen.table)] {
        if !table
            .columns()
            .iter()
            .any(|field| field.name() == &section.key)
        {
            return Err(DataError::Mapping {
                mapping: chosen.mapping.name.clone(),
                reason: format!(
                    "[catalogue] key = {:?} is no column of the {place}; give the column of the \
                     product, which must have the same name in both",
                    section.key
                ),
            });
        }
    }
    let others: Vec<String> = names
        .iter()
        .filter(|name| **name != section.key)
        .cloned()
        .collect();
    let key = quoted(&section.key);
    engine.register_table("catalogue_rows", Arc::new(table.clone()))?;
    let products = staging::CATALOGUE_PRODUCTS.render(&[
        ("key", &key),
        ("columns", &listed(&others)),
        ("filled", &filled(&others)),
        ("order", &ordered(&others)),
    ])?;
    let none: Params<'_> = &[];
    engine
        .create_view("catalogue_products", &products, none)
        .await?;
    let joined = staging::SOURCE_WITH_CATALOGUE
        .render(&[("key", &key), ("catalogue_columns", &of_catalogue(&names))])?;
    engine
        .create_view("source_with_catalogue", &joined, none)
        .await?;
    Ok("source_with_catalogue")
}

fn fingerprint<'f>(mapping: &str, files: impl Iterator<Item = &'f Found>) -> String {
    let mut hash = Sha256::new();
    hash.update(mapping.as_bytes());
    for file in files {
        let version = file
            .e_tag
            .clone()
            .unwrap_or_else(|| file.modified.timestamp_micros().to_string());
        hash.update(format!("\n{}\n{}\n{version}", file.url, file.size).as_bytes());
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
