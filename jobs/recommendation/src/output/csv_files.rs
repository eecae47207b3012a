//! The CSV files of a run. Measures are written in full, so that nothing is lost.

use csv::WriterBuilder;
use serde::Serialize;

use crate::outcome::{
    Candidate, FoldResult, ListValues, Outcome, Protocol, Recommender, SegmentSummary, Setting,
};

type CsvResult = Result<Vec<u8>, csv::Error>;

/// The fold of the row of the test on later events.
const TIME: &str = "time";

const FOLD_COLUMNS: [&str; 19] = [
    "fold",
    "factors",
    "regularization",
    "alpha",
    "rmse",
    "mae",
    "ndcg_at_10",
    "ndcg_at_20",
    "recall_at_10",
    "recall_at_20",
    "precision_at_10",
    "map_at_10",
    "mrr",
    "coverage",
    "novelty",
    "n_pairs",
    "n_users",
    "iterations",
    "selected",
];

/// A row of `cv.csv`, in the order of [`FOLD_COLUMNS`].
type FoldRow<'a> = (
    &'a str,
    usize,
    f64,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    [Option<f64>; 9],
    Option<u64>,
    u64,
    Option<usize>,
    bool,
);

/// `cv.csv`: one row per setting and fold; last, when there was a test on later events, the
/// selected setting in it.
pub(crate) fn folds(outcome: &Outcome) -> CsvResult {
    let choice = &outcome.choice;
    let rows = choice.candidates.iter().enumerate();
    let rows = rows.flat_map(|(index, candidate)| {
        let is_selected = index == choice.selected;
        let folds = candidate.folds.iter();
        folds.map(move |fold| fold_row(candidate, fold, is_selected))
    });
    file(&FOLD_COLUMNS, rows.chain(time_row(outcome)))
}

fn fold_row<'a>(candidate: &Candidate, result: &'a FoldResult, is_selected: bool) -> FoldRow<'a> {
    let Setting {
        factors,
        regularization,
        alpha,
    } = candidate.setting;
    let values = &result.values;
    (
        &result.fold,
        factors,
        regularization,
        alpha,
        Some(values.rmse),
        Some(values.mae),
        lists(values.lists.as_ref()),
        Some(result.n_pairs),
        result.n_users,
        Some(result.iterations),
        is_selected,
    )
}

fn time_row(outcome: &Outcome) -> Option<FoldRow<'static>> {
    let (quality, chosen) = (outcome.quality.as_ref()?, outcome.choice.chosen()?);
    let model = quality.of(Recommender::Als)?;
    let Setting {
        factors,
        regularization,
        alpha,
    } = chosen.setting;
    matches!(quality.protocol, Protocol::Time { .. }).then(|| {
        (
            TIME,
            factors,
            regularization,
            alpha,
            None,
            None,
            lists(Some(&model.values)),
            None,
            quality.n_users,
            None,
            true,
        )
    })
}

/// From `ndcg_at_10` to `novelty`.
fn lists(values: Option<&ListValues>) -> [Option<f64>; 9] {
    let Some(values) = values else {
        return [None; 9];
    };
    [
        values.ndcg_at_10,
        values.ndcg_at_20,
        values.recall_at_10,
        values.recall_at_20,
        values.precision_at_10,
        values.map_at_10,
        values.mrr,
        values.coverage,
        values.novelty,
    ]
    .map(Some)
}

const SEGMENT_COLUMNS: [&str; 8] = [
    "fused_segment",
    "customers",
    "coverage",
    "rank",
    "product_id",
    "customers_recommended",
    "share",
    "lift",
];

/// `segments.csv`: one row per fused segment and product, ranks from 1.
pub(crate) fn segments(summary: &SegmentSummary) -> CsvResult {
    let rows = summary.segments.iter().flat_map(|segment| {
        let products = segment.products.iter().enumerate();
        products.map(move |(index, product)| {
            (
                &segment.fused_segment,
                segment.customers,
                segment.coverage,
                index + 1,
                &product.product_id,
                product.customers,
                product.share,
                product.lift,
            )
        })
    });
    file(&SEGMENT_COLUMNS, rows)
}

fn file<R: Serialize>(header: &[&str], rows: impl Iterator<Item = R>) -> CsvResult {
    let mut writer = WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.serialize(row)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}
