//! How good the lists are: the model beside simple methods.

use ::report::numbers::{self, count, counted, decimal, part, percent};
use ::report::{FigureView, Figures, words};
use algorithms::ranking::MeanInterval;

use crate::outcome::{
    Choice, Outcome, Protocol, Quality, Recommender, RecommenderQuality, Verdict,
};

pub(in super::super) struct QualityView {
    /// How the lists were tested, or that they were not.
    pub(in super::super) protocol: String,
    pub(in super::super) verdict: String,
    pub(in super::super) rows: Vec<QualityRow>,
    pub(in super::super) out_of_reach: String,
    pub(in super::super) figures: Vec<FigureView>,
}

pub(in super::super) struct QualityRow {
    pub(in super::super) name: &'static str,
    pub(in super::super) how: String,
    pub(in super::super) is_model: bool,
    /// NDCG, recall, precision, MAP and MRR with their intervals.
    pub(in super::super) measures: Vec<Measured>,
    pub(in super::super) coverage: String,
    pub(in super::super) novelty: String,
}

/// A mean and its interval.
pub(in super::super) struct Measured {
    pub(in super::super) mean: String,
    pub(in super::super) interval: String,
}

impl Measured {
    fn new(value: &MeanInterval) -> Self {
        Self {
            mean: decimal(value.mean, 4),
            interval: interval(value),
        }
    }
}

pub(super) fn view(outcome: &Outcome, figures: Figures<'_>) -> QualityView {
    let Some(quality) = &outcome.quality else {
        let protocol = "The lists were not tested, so this report cannot say how good they are; \
                        the notes below say why.";
        return QualityView {
            protocol: protocol.to_owned(),
            verdict: String::new(),
            rows: Vec::new(),
            out_of_reach: String::new(),
            figures: Vec::new(),
        };
    };
    let rows = Recommender::ALL.iter().filter_map(|who| quality.of(*who));
    QualityView {
        protocol: protocol(outcome, quality),
        verdict: verdict(quality),
        rows: rows.map(|found| row(outcome, found)).collect(),
        out_of_reach: out_of_reach(quality),
        figures: figures.named(&["recommender_comparison"]),
    }
}

fn row(outcome: &Outcome, found: &RecommenderQuality) -> QualityRow {
    let measures = [
        &found.ndcg_at_10,
        &found.recall_at_10,
        &found.precision_at_10,
        &found.map_at_10,
        &found.mrr,
    ];
    QualityRow {
        name: found.recommender.label(),
        how: how(outcome, found.recommender),
        is_model: found.recommender == Recommender::Als,
        measures: measures.into_iter().map(Measured::new).collect(),
        coverage: percent(found.values.coverage),
        novelty: decimal(found.values.novelty, 2),
    }
}

fn how(outcome: &Outcome, recommender: Recommender) -> String {
    let settings = &outcome.settings;
    match recommender {
        Recommender::Als => "the model of this report".to_owned(),
        Recommender::Popularity => "popularity: the products with the most customers".to_owned(),
        Recommender::RecentPopularity => format!(
            "the products with the most customers in the last {} days before the test",
            numbers::plain(settings.recent_days)
        ),
        Recommender::ItemKnn => format!(
            "for each product the {} nearest by shrunk cosine",
            count(settings.neighbours as u64)
        ),
        Recommender::Random => "products drawn by chance".to_owned(),
    }
}

fn protocol(outcome: &Outcome, quality: &Quality) -> String {
    let how = match &quality.protocol {
        Protocol::Time { at } => format!(
            "A model with the chosen setting learned from the events before {} and made a list for \
             each customer; then the events from that moment on were looked at.{}",
            numbers::moment(*at),
            blindness(&outcome.choice)
        ),
        Protocol::Fold { fold } => format!(
            "A model with the chosen setting learned from all folds but fold {}, made a list for \
             each customer, and was tested on that fold; the notes below say why not on later \
             events.",
            words::name(fold)
        ),
    };
    let whom = if quality.n_users == quality.n_users_eligible {
        format!(
            "all {} who turned to something new in the test",
            counted(quality.n_users, "customer", "customers")
        )
    } else {
        format!(
            "{} drawn by chance from the {} who turned to something new in the test",
            counted(quality.n_users, "customer", "customers"),
            count(quality.n_users_eligible)
        )
    };
    format!(
        "{how} The lists of {whom} were evaluated, with {} to be found. Products that a customer \
         had events with before are on no list.",
        counted(quality.n_relevant, "relevant product", "relevant products")
    )
}

/// What the choice of the setting knew of the later events.
fn blindness(choice: &Choice) -> String {
    if choice.n_folds == 0 {
        return String::new();
    }
    format!(
        " That model did not know them. The setting did, a little: it was chosen among {} by folds \
         over all pairs.",
        count(choice.candidates.len() as u64)
    )
}

fn verdict(quality: &Quality) -> String {
    let over = &quality.over_popularity;
    let difference = format!(
        "customer by customer the model’s NDCG@10 differs from that of popularity by {} (95 % \
         interval {})",
        signed(over.mean),
        interval(over)
    );
    match quality.verdict {
        Verdict::Better => {
            format!("The model is better than popularity: {difference}.")
        }
        Verdict::NotClearlyBetter => {
            format!("It is not clear that the model is better than popularity: {difference}.")
        }
        Verdict::NotBetter => {
            format!("The model is not better than popularity: {difference}.")
        }
    }
}

fn out_of_reach(quality: &Quality) -> String {
    let mut parts = Vec::new();
    let unknown = quality.n_users_unknown;
    if unknown > 0 {
        parts.push(format!(
            "{} ({} of those in the test) {} new",
            counted(unknown, "customer", "customers"),
            part(unknown, unknown + quality.n_users_eligible),
            if unknown == 1 { "was" } else { "were" }
        ));
    }
    let unknown = quality.n_relevant_unknown;
    if unknown > 0 {
        parts.push(format!(
            "{} led to a product that was new",
            counted(unknown, "relevant pair", "relevant pairs")
        ));
    }
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "Out of reach, and in none of these numbers: {}.",
        words::list(&parts)
    )
}

fn signed(value: f64) -> String {
    let text = decimal(value, 4);
    if value > 0.0 {
        format!("+{text}")
    } else {
        text
    }
}

/// `0.0123 to 0.0456`.
pub(super) fn interval(value: &MeanInterval) -> String {
    format!("{} to {}", decimal(value.low, 4), decimal(value.high, 4))
}
