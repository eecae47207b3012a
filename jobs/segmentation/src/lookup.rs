//! One customer of a finished run.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use artifacts::{ArtifactError, RunReader};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::clusters::{ClusterModel, ClusterModelError};
use crate::output::{CUSTOMERS, KMEANS_MODEL, SEGMENTS};

/// The columns of `customers.parquet` that are no habits.
const RESULTS: [&str; 10] = [
    "user_id",
    "recency_days",
    "frequency",
    "monetary",
    "r_score",
    "f_score",
    "m_score",
    "rfm_segment",
    "cluster",
    "fused_segment",
];

/// What a run knows of one customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CustomerProfile {
    /// The customer.
    pub user_id: String,
    /// The RFM segment.
    pub rfm_segment: String,
    /// What to do about that segment; may be empty.
    pub advice: String,
    /// The behaviour cluster.
    pub cluster: u32,
    /// Its name.
    pub cluster_name: String,
    /// The fused segment.
    pub fused_segment: String,
    /// Whole days since the last purchase; none without a purchase.
    pub recency_days: Option<i64>,
    /// Orders.
    pub frequency: i64,
    /// Purchases minus returns, as exact decimal text.
    pub monetary: String,
    /// The scores `[r, f, m]`, 1 to 5; none without a purchase.
    pub scores: Option<[u8; 3]>,
    /// The behaviour features: numbers, exact decimals and moments as text, null where undefined.
    pub habits: Map<String, Value>,
}

/// Why a customer could not be looked up.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The run cannot be read.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A file of the run does not hold what it should.
    #[error(
        "{file} of the run does not hold what it should: {reason}; was it written by another version?"
    )]
    Content {
        /// The file.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl From<ClusterModelError> for LookupError {
    fn from(error: ClusterModelError) -> Self {
        content(KMEANS_MODEL)(error.to_string())
    }
}

/// Looks a customer up; none when the run has no such customer. `user` is read as the type of the
/// `user_id` column. Reads only the part of `customers.parquet` that can hold the customer.
///
/// # Errors
///
/// [`LookupError`] when the run cannot be read or was written by another version.
pub async fn lookup(run: &RunReader, user: &str) -> Result<Option<CustomerProfile>, LookupError> {
    let Some(row) = run.find_row(CUSTOMERS, "user_id", user).await? else {
        return Ok(None);
    };
    let model = run.read_bytes(KMEANS_MODEL).await?;
    let model = String::from_utf8_lossy(&model);
    let model = ClusterModel::from_json(&model)?;
    let segments = run.read_bytes(SEGMENTS).await?;
    let row = Row(&row);
    let rfm_segment = row.text("rfm_segment")?;
    let cluster: u32 = row.number("cluster")?.unwrap_or_default();
    let named = model.clusters.iter().find(|known| known.cluster == cluster);
    let scores = [
        row.number("r_score")?,
        row.number("f_score")?,
        row.number("m_score")?,
    ];
    let scores = match scores {
        [Some(r), Some(f), Some(m)] => Some([r, f, m]),
        _ => None,
    };
    Ok(Some(CustomerProfile {
        user_id: row.text("user_id")?,
        advice: advice(&segments, &rfm_segment)?,
        rfm_segment,
        cluster,
        cluster_name: named.map(|known| known.name.clone()).unwrap_or_default(),
        fused_segment: row.text("fused_segment")?,
        recency_days: row.number("recency_days")?,
        frequency: row.number("frequency")?.unwrap_or_default(),
        monetary: row.text("monetary")?,
        scores,
        habits: row.habits()?,
    }))
}

/// The advice for a segment in `segments.csv`; empty when it has none.
fn advice(segments: &[u8], segment: &str) -> Result<String, LookupError> {
    let broken = |error: csv::Error| content(SEGMENTS)(error.to_string());
    let mut reader = csv::Reader::from_reader(segments);
    let headers = reader.headers().map_err(broken)?.clone();
    let place = |name: &str| headers.iter().position(|header| header == name);
    let (Some(name), Some(advice)) = (place("segment"), place("advice")) else {
        return Err(content(SEGMENTS)(
            "it has no column segment or advice".to_owned(),
        ));
    };
    for record in reader.records() {
        let record = record.map_err(broken)?;
        if record.get(name) == Some(segment) {
            return Ok(record.get(advice).unwrap_or_default().to_owned());
        }
    }
    Ok(String::new())
}

/// The one row of a customer.
struct Row<'a>(&'a RecordBatch);

impl Row<'_> {
    fn text(&self, column: &str) -> Result<String, LookupError> {
        let values = self.0.column_by_name(column);
        let values =
            values.ok_or_else(|| content(CUSTOMERS)(format!("it has no column {column}")))?;
        array_value_to_string(values, 0).map_err(|error| content(CUSTOMERS)(error.to_string()))
    }

    fn number<T: std::str::FromStr>(&self, column: &str) -> Result<Option<T>, LookupError> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || content(CUSTOMERS)(format!("{column} is {text:?}"));
        text.parse().map(Some).map_err(|_| wrong())
    }

    fn habits(&self) -> Result<Map<String, Value>, LookupError> {
        let mut habits = Map::new();
        for (field, column) in self.0.schema_ref().fields().iter().zip(self.0.columns()) {
            let name = field.name().as_str();
            if RESULTS.contains(&name) {
                continue;
            }
            let value = match field.data_type() {
                _ if column.is_null(0) => Value::Null,
                DataType::Int64 => self.number::<i64>(name)?.into(),
                DataType::Float64 => self.number::<f64>(name)?.into(),
                _ => self.text(name)?.into(),
            };
            habits.insert(name.to_owned(), value);
        }
        Ok(habits)
    }
}

fn content(file: &'static str) -> impl Fn(String) -> LookupError {
    move |reason| LookupError::Content { file, reason }
}
