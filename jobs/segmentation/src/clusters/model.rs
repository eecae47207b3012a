//! The cluster model: what is needed to put a new customer into a cluster.

use algorithms::kmeans::KMeans;
use algorithms::scale::{ScaleError, StandardScaler};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::matrix::{enters_as_log, transformed};
use crate::features::{BehaviourColumn, Customers, FeatureError};
use crate::settings::{Algorithm, Scale};

const FORMAT: &str = "clientele-cluster-model";
const VERSION: u32 = 1;

/// Frozen scaling and centroids.
///
/// A new customer's behaviour is scaled column by column, `z = (t(x) - mean) / std` with `t` the
/// logarithm or nothing (0 where `std` is 0), and belongs to the cluster with the nearest centroid,
/// the first one among equals. For a Gaussian mixture the centroids are the means of the members,
/// and the nearest one is an approximation of the most probable component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterModel {
    format: String,
    version: u32,
    /// How the clusters were found.
    pub algorithm: Algorithm,
    /// Whether counts, money and days enter as logarithms.
    pub scale: Scale,
    /// The columns in order.
    pub columns: Vec<ColumnScale>,
    /// The clusters in order.
    pub clusters: Vec<Centroid>,
}

/// How one column is scaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnScale {
    /// The column of the feature table.
    pub name: String,
    /// Its mean after the logarithm.
    pub mean: f64,
    /// Its sample standard deviation after the logarithm; 0 for a constant column.
    pub std: f64,
}

/// The centre of one cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Centroid {
    /// The number of the cluster.
    pub cluster: u32,
    /// Its name.
    pub name: String,
    /// Its centre on the standardised scale.
    pub centroid: Vec<f64>,
}

/// Why a cluster model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClusterModelError {
    /// It is not the JSON that [`ClusterModel::to_json`] writes.
    #[error("it is not a cluster model: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is another kind of file, of another version, or does not fit together.
    #[error("it is not a cluster model of version {VERSION}: {0}")]
    Inconsistent(String),
    /// The feature table lacks a column.
    #[error(transparent)]
    Features(#[from] FeatureError),
}

impl ClusterModel {
    pub(crate) fn new(
        (algorithm, scale): (Algorithm, Scale),
        columns: Vec<ColumnScale>,
        centroids: &Array2<f64>,
        names: &[String],
    ) -> Self {
        let centroid =
            |((cluster, name), row): ((usize, &String), ndarray::ArrayView1<'_, f64>)| Centroid {
                cluster: cluster as u32,
                name: name.clone(),
                centroid: row.to_vec(),
            };
        let clusters = names
            .iter()
            .enumerate()
            .zip(centroids.rows())
            .map(centroid)
            .collect();
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            algorithm,
            scale,
            columns,
            clusters,
        }
    }

    /// The model file.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads a model file.
    ///
    /// # Errors
    ///
    /// [`ClusterModelError`] when the text is no model, of another version, or inconsistent.
    pub fn from_json(text: &str) -> Result<Self, ClusterModelError> {
        let model: Self = serde_json::from_str(text)?;
        let wrong = |what: String| Err(ClusterModelError::Inconsistent(what));
        if model.format != FORMAT || model.version != VERSION {
            return wrong(format!(
                "it says {:?} version {}",
                model.format, model.version
            ));
        }
        if model
            .clusters
            .iter()
            .any(|c| c.centroid.len() != model.columns.len())
        {
            return wrong("a centroid has another number of values than there are columns".into());
        }
        if model.clusters.is_empty() || model.columns.is_empty() {
            return wrong("it has no clusters or no columns".into());
        }
        Ok(model)
    }

    /// The cluster of each customer, without looking at the data the model was fitted on.
    ///
    /// # Errors
    ///
    /// [`ClusterModelError`] when the model names a column that the table does not have.
    pub fn assign(&self, customers: &Customers) -> Result<Vec<u32>, ClusterModelError> {
        let find = |column: &ColumnScale| {
            let found = BehaviourColumn::ALL
                .iter()
                .find(|known| known.name == column.name);
            found.ok_or_else(|| {
                ClusterModelError::Inconsistent(format!("there is no column {:?}", column.name))
            })
        };
        let columns = self
            .columns
            .iter()
            .map(find)
            .collect::<Result<Vec<_>, _>>()?;
        let (plain, _) = transformed(customers, &columns, self.scale)?;
        let scaler = StandardScaler {
            mean: self.columns.iter().map(|column| column.mean).collect(),
            std: self.columns.iter().map(|column| column.std).collect(),
        };
        let inconsistent = |error: ScaleError| ClusterModelError::Inconsistent(error.to_string());
        let values = scaler.transform(plain.view()).map_err(inconsistent)?;
        let shape = (self.clusters.len(), self.columns.len());
        let centroids = Array2::from_shape_fn(shape, |(c, j)| self.clusters[c].centroid[j]);
        let nearest = KMeans {
            centroids,
            inertia: 0.0,
            n_iter: 0,
        }
        .predict_rows(values.view());
        Ok(nearest
            .into_iter()
            .map(|place| self.clusters[place as usize].cluster)
            .collect())
    }

    /// Whether the named column enters as a logarithm.
    pub fn is_logarithmic(&self, column: &str) -> bool {
        let known = BehaviourColumn::ALL
            .iter()
            .find(|known| known.name == column);
        known.is_some_and(|column| enters_as_log(column, self.scale))
    }
}
