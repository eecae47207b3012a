//! Fitting the model on everything, from chance or from the factors of an earlier run.

use algorithms::als::{AlsFit, AlsValidParams, Factors, Feedback, WarmStart};
use artifacts::{Output, RunReader};
use ndarray::Array2;
use pipeline::Failure;

use crate::RecommendationModel;
use crate::error::{RecommendationError, TableError};
use crate::ids::IdMap;
use crate::interactions::PairTable;
use crate::tables::read_item_table;

/// The name of the job, which its runs stand under.
pub const JOB: &str = "recommendation";
/// The name that stands for the newest run.
const LATEST: &str = "latest";

/// An earlier run to start from.
pub(crate) struct Earlier {
    /// How the user named it.
    named: String,
    run: RunReader,
    model: RecommendationModel,
}

impl Earlier {
    /// Finds the run that the settings name, before anything else is done.
    pub(crate) async fn find(output: &Output, named: &str) -> Result<Self, Failure> {
        let run = match named {
            LATEST => {
                let latest = output.latest(JOB).await?;
                latest.ok_or_else(|| refuse(named, "there is no finished run"))?
            }
            id => {
                let opened = output.open(JOB, id).await;
                opened.map_err(|error| refuse(named, error.to_string()))?
            }
        };
        let model = RecommendationModel::read(&run).await?;
        Ok(Self {
            named: named.to_owned(),
            run,
            model,
        })
    }

    /// The run.
    pub(crate) fn run_id(&self) -> String {
        self.run.id().to_string()
    }

    /// Refuses a run that no setting of the grid can start from.
    pub(crate) fn check(&self, grid: &[AlsValidParams]) -> Result<(), RecommendationError> {
        let kind_fits = |params: &&AlsValidParams| kind(params) == kind(&self.model.params);
        if !grid.iter().any(|params| kind_fits(&params)) {
            let reason =
                "its scores are of another kind (explicit or implicit, with or without biases)";
            return Err(refuse(&self.named, reason));
        }
        let found = self.model.params.factors();
        match grid.iter().any(|params| params.factors() == found) {
            true => Ok(()),
            false => Err(refuse(
                &self.named,
                format!(
                    "it has {found} factors, which no setting of the grid has; ask for --factors \
                     {found}"
                ),
            )),
        }
    }

    /// Its product factors in the order of `items`; products that are new have zeros.
    pub(crate) async fn start(
        &self,
        items: &IdMap,
        params: &AlsValidParams,
    ) -> Result<Factors, Failure> {
        let (found, wanted) = (self.model.params.factors(), params.factors());
        if found != wanted {
            let reason = format!(
                "it has {found} factors, and the chosen setting has {wanted}; ask for --factors \
                 {found} alone"
            );
            return Err(refuse(&self.named, reason).into());
        }
        let known = read_item_table(&self.run, &self.model.params).await?;
        let places = known.ids.indices_of(items.array());
        let places = places.map_err(TableError::from)?;
        let mut vectors = Array2::zeros((items.len(), wanted));
        let biases = known.factors.biases.as_ref();
        let mut biases = biases.map(|_| vec![0.0_f32; items.len()]);
        for (row, place) in places.iter().enumerate() {
            let Some(place) = place.map(|place| place as usize) else {
                continue;
            };
            vectors
                .row_mut(row)
                .assign(&known.factors.vectors.row(place));
            if let Some(values) = &mut biases {
                values[row] = known.factors.bias(place);
            }
        }
        if vectors.iter().all(|value| *value == 0.0) {
            return Err(refuse(&self.named, "none of its products is in this log").into());
        }
        Ok(Factors { vectors, biases })
    }
}

/// A run that cannot be started from.
fn refuse(named: &str, reason: impl Into<String>) -> RecommendationError {
    RecommendationError::WarmStart {
        run: named.to_owned(),
        reason: reason.into(),
    }
}

/// Whether scores are implicit, and whether there are biases.
fn kind(params: &AlsValidParams) -> (bool, bool) {
    match params.feedback() {
        Feedback::Implicit { .. } => (true, false),
        Feedback::Explicit { biases } => (false, biases),
    }
}

/// Fits the model. Pure; for a large shop minutes of work.
pub(crate) fn fit(
    pairs: &PairTable,
    params: &AlsValidParams,
    start: Option<Factors>,
) -> Result<AlsFit, RecommendationError> {
    let interactions = pairs.interactions()?;
    Ok(match start {
        Some(items) => params.fit_from(&interactions, WarmStart::Items(items))?,
        None => params.fit(&interactions)?,
    })
}
