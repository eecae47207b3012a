//! What the measures mean: one text for the report's glossary and for `metrics.json`.

/// A measure.
pub(crate) struct Definition {
    /// Its name in files.
    pub(crate) key: &'static str,
    /// Its name in sentences and tables.
    pub(crate) term: &'static str,
    /// What it is, in one or two sentences.
    pub(crate) meaning: &'static str,
}

/// The measures of files and report.
pub(crate) const MEASURES: [Definition; 11] = [
    Definition {
        key: "relevant",
        term: "Relevant product",
        meaning: "A product that the customer turned to in the test and had no events with before: \
                  one with a positive score or, for explicit scores, with at least relevant_score.",
    },
    Definition {
        key: "ndcg_at_k",
        term: "NDCG@k",
        meaning: "How high relevant products stand among the first k of a list: a relevant product \
                  in place i gains 1 / log2(i + 1), and the sum is divided by that of the best \
                  possible list. 1 is perfect, 0 is no hit. Mean over customers.",
    },
    Definition {
        key: "recall_at_k",
        term: "Recall@k",
        meaning: "The share of a customer's relevant products that are among the first k. Mean \
                  over customers.",
    },
    Definition {
        key: "precision_at_k",
        term: "Precision@k",
        meaning: "The share of the first k places that hold a relevant product. Mean over \
                  customers.",
    },
    Definition {
        key: "map_at_k",
        term: "MAP@k",
        meaning: "Mean average precision: for each relevant product among the first k the share of \
                  relevant products down to its place, summed and divided by the number of \
                  relevant products or k, whichever is smaller. Mean over customers.",
    },
    Definition {
        key: "mrr",
        term: "MRR",
        meaning: "Mean reciprocal rank: one over the place of the first relevant product within 20 \
                  places, 0 without one. Mean over customers.",
    },
    Definition {
        key: "coverage",
        term: "Coverage",
        meaning: "The share of the products that are recommended to anybody. In tests the first 10 \
                  places count, in the run's own recommendations all of them.",
    },
    Definition {
        key: "novelty",
        term: "Novelty",
        meaning: "How little known the first 10 products are: the mean of -log2 of the share of \
                  customers who like a product. 0 when everybody likes all of them.",
    },
    Definition {
        key: "rmse",
        term: "RMSE",
        meaning: "Root mean squared error of predicted scores. For implicit feedback predictions \
                  are compared with the preference: 1 for a positive score, else 0.",
    },
    Definition {
        key: "mae",
        term: "MAE",
        meaning: "Mean absolute error of predicted scores, compared as for RMSE.",
    },
    Definition {
        key: "interval",
        term: "95 % interval",
        meaning: "Where the mean would lie for other customers of the same kind, from samples of \
                  the customers drawn with replacement.",
    },
];
