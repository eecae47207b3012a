//! Fitting the model on everything, from chance or from the factors of an earlier run.

use algorithms::als::{AlsFit, AlsValidParams, Factors, Feedback, WarmStart};
use artifacts::RunReader;
use ndarray::Array2;
use pipeline::{Failure, JobContext};

use crate::RecommendationModel;
use crate::error::RecommendationError;
use crate::ids::IdMap;
use crate::interactions::PairTable;
use crate::tables::read_items;

/// The job whose runs hold factors: this one.
pub(crate) const JOB: &str = "recommendation";
/// The name that stands for the newest run.
const LATEST: &str = "latest";

/// Factors to start from, and the run they come from.
pub(crate) struct Start {
    pub(crate) run_id: String,
    items: Factors,
}

/// Finds the run that the settings name, and its product factors in the order of `items`; products
/// that are new have zeros.
pub(crate) async fn find_start(
    context: &JobContext,
    run: &str,
    items: &IdMap,
    params: &AlsValidParams,
) -> Result<Start, Failure> {
    let n_factors = params.factors();
    let refuse = |reason: String| RecommendationError::WarmStart {
        run: run.to_owned(),
        reason,
    };
    let output = context.run.output();
    let reader: RunReader = match run {
        LATEST => {
            let latest = output.latest(JOB).await?;
            latest.ok_or_else(|| refuse("there is no finished run".to_owned()))?
        }
        id => {
            let opened = output.open(JOB, id).await;
            opened.map_err(|error| refuse(error.to_string()))?
        }
    };
    let model = RecommendationModel::read(&reader).await?;
    let known = read_items(&reader).await?;
    let found = known.factors.vectors.ncols();
    if found != n_factors {
        return Err(refuse(format!(
            "it has {found} factors, and the chosen setting has {n_factors}; ask for --factors {found}"
        ))
        .into());
    }
    if kind(&model.params) != kind(params) {
        let reason =
            "its scores are of another kind (explicit or implicit, with or without biases)";
        return Err(refuse(reason.to_owned()).into());
    }
    let places = known.ids.indices_of(items.array());
    let places = places.map_err(crate::error::TableError::from)?;
    let mut vectors = Array2::zeros((items.len(), n_factors));
    let mut of_items = known
        .factors
        .biases
        .as_ref()
        .map(|_| vec![0.0_f32; items.len()]);
    for (row, place) in places.iter().enumerate() {
        let Some(place) = place.map(|place| place as usize) else {
            continue;
        };
        vectors
            .row_mut(row)
            .assign(&known.factors.vectors.row(place));
        if let Some(values) = &mut of_items {
            values[row] = known.factors.bias(place);
        }
    }
    if vectors.iter().all(|value| *value == 0.0) {
        return Err(refuse("none of its products is in this log".to_owned()).into());
    }
    Ok(Start {
        run_id: reader.id().to_string(),
        items: Factors {
            vectors,
            biases: of_items,
        },
    })
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
    start: Option<Start>,
) -> Result<AlsFit, RecommendationError> {
    let interactions = pairs.interactions()?;
    Ok(match start {
        Some(start) => params.fit_from(&interactions, WarmStart::Items(start.items))?,
        None => params.fit(&interactions)?,
    })
}
