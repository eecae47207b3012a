//! What the page promises, whatever the outcome.

mod fixture;

use ::report::{ReportFrame, markup};
use charts::Figure;

use super::render;
use crate::money::Money;
use crate::outcome::Outcome;
use crate::output::figures::figures;
use crate::settings::Algorithm;
use fixture::{FILES, frame, outcome};

/// A page that keeps the rules of markup; its text is checked by the caller.
fn page(outcome: &Outcome) -> String {
    let page = render(outcome, &figures(outcome).unwrap(), &frame()).unwrap();
    markup::check(&page).unwrap();
    page
}

#[test]
fn every_segment_cluster_candidate_and_figure_is_there() {
    let outcome = outcome();
    let figures = figures(&outcome).unwrap();
    let page = render(&outcome, &figures, &frame()).unwrap();
    markup::check(&page).unwrap();
    let escaped = |name: &str| name.replace('\'', "&#39;").replace('"', "&#34;");
    for segment in &outcome.rfm.segments {
        assert!(page.contains(&format!(
            "<th scope=\"row\">{}</th>",
            escaped(&segment.name)
        )));
        assert!(page.contains(&escaped(&segment.advice)));
    }
    for fused in &outcome.fusion.fused {
        assert!(page.contains(&format!("<th scope=\"row\">{}</th>", escaped(&fused.name))));
    }
    for cluster in &outcome.clusters.clusters {
        assert!(page.contains(&format!("<h3>{} · {}</h3>", cluster.cluster, cluster.name)));
    }
    for candidate in &outcome.clusters.candidates {
        assert!(page.contains(&format!("<th scope=\"row\">{}</th>", candidate.n_clusters)));
    }
    for figure in &figures {
        assert!(page.contains(&figure.svg), "{} is missing", figure.name);
    }
    assert!(page.contains(&escaped(&outcome.clusters.reason)));
}

#[test]
fn equal_arguments_give_equal_bytes() {
    assert_eq!(page(&outcome()), page(&outcome()));
}

#[test]
fn the_page_requests_nothing_and_runs_nothing() {
    let page = page(&outcome());
    for forbidden in [
        "<script",
        "<link",
        "<img",
        "<iframe",
        "@import",
        "url(",
        "src=",
        "javascript:",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for link in page.split("href=\"").skip(1) {
        assert!(
            link.starts_with('#'),
            "a link leads outside: {}",
            &link[..40.min(link.len())]
        );
    }
}

#[test]
fn hostile_names_stay_text() {
    let mut outcome = outcome();
    let hostile = "</td><script>alert(1)</script>\"' onload=x &amp;\u{202E}\0";
    outcome.rfm.segments[0].name = hostile.to_owned();
    outcome.rfm.segments[1].advice = hostile.to_owned();
    outcome.fusion.fused[0].name = hostile.to_owned();
    outcome.clusters.clusters[0].name = hostile.to_owned();
    outcome.clusters.clusters[0].medoid_user_id = hostile.to_owned();
    outcome.clusters.reason = hostile.to_owned();
    outcome.notes.push(hostile.to_owned());
    outcome.account.examples.get_mut("bad_price").unwrap().text = hostile.to_owned();
    outcome.account.examples.get_mut("bad_price").unwrap().file = hostile.to_owned();
    outcome.account.events.insert(hostile.to_owned(), 3);
    outcome.settings.rfm_model = Some(hostile.to_owned());
    let own = || hostile.to_owned();
    let frame = ReportFrame {
        mapping: own(),
        run_id: own(),
        files: vec![own()],
        ..frame()
    };
    let page = render(&outcome, &figures(&outcome).unwrap(), &frame).unwrap();
    markup::check(&page).unwrap();
    assert!(!page.contains("<script"));
    assert!(page.contains("&#60;script&#62;alert(1)"));
    assert!(!page.contains('\0') && !page.contains('\u{202E}'));
}

#[test]
fn the_account_adds_up_or_says_that_it_does_not() {
    let mut outcome = outcome();
    let sentence = "1,060 rows were read: 1,000 used, 40 exact duplicates and 20 that could not be \
                    used. No row was lost.";
    assert!(page(&outcome).contains(sentence));
    assert!(page(&outcome).contains("shop.csv, line 1,234"));
    outcome.account.rows_read += 1;
    let page = page(&outcome);
    assert!(page.contains("do not add up") && !page.contains("No row was lost"));
}

#[test]
fn findings_are_those_of_the_data() {
    let mut outcome = outcome();
    let segment = &outcome.rfm.segments;
    let best = segment
        .iter()
        .max_by_key(|segment| segment.size.revenue)
        .unwrap()
        .clone();
    let finding = format!("{} ({}) make up ", best.name, best.size.customers);
    assert!(page(&outcome).contains(&finding), "{finding}");
    assert!(page(&outcome).contains("20 customers (33.3\u{202F}%) have events but no purchase"));
    assert!(page(&outcome).contains("50.0\u{202F}% of the buyers (20) ordered exactly once"));

    outcome.totals.buyers = outcome.totals.customers;
    assert!(!page(&outcome).contains("have events but no purchase"));
}

#[test]
fn a_sample_is_announced_at_the_top() {
    let mut outcome = outcome();
    assert!(!page(&outcome).contains("A sample only."));
    outcome.sample = Some(0.1);
    let page = page(&outcome);
    let (before, after) = page.split_once("A sample only.").unwrap();
    assert!(!before.contains("What stands out"));
    assert!(after.contains("about 10\u{202F}% of the users") && after.contains("--quick 0.1"));
}

#[test]
fn without_months_there_is_neither_section_nor_link() {
    let mut outcome = outcome();
    assert!(
        page(&outcome).contains("id=\"months\"") && page(&outcome).contains("href=\"#months\"")
    );
    outcome.months = None;
    let page = page(&outcome);
    assert!(!page.contains("months-title") && !page.contains("#months"));
}

#[test]
fn a_cluster_in_which_nobody_buys_is_described_without_money() {
    let outcome = outcome();
    let clusters = &outcome.clusters.clusters;
    let lookers = clusters
        .iter()
        .find(|cluster| cluster.buyer_share == 0.0)
        .unwrap();
    let page = page(&outcome);
    let (_, card) = page
        .split_once(&format!("<h3>{} · ", lookers.cluster))
        .unwrap();
    let (card, _) = card.split_once("</article>").unwrap();
    assert!(
        card.contains("<dt>Of these buyers</dt><dd>0.0\u{202F}%</dd>"),
        "{card}"
    );
    assert!(card.contains("Prospect, no purchase"), "{card}");
}

#[test]
fn no_revenue_and_no_comparison_are_said_in_words() {
    let mut outcome = outcome();
    outcome.totals.net_revenue = Money::ZERO;
    outcome
        .rfm
        .segments
        .iter_mut()
        .for_each(|segment| segment.size.revenue_share = None);
    outcome
        .clusters
        .clusters
        .iter_mut()
        .for_each(|cluster| cluster.size.revenue_share = None);
    outcome.fusion.affinity.cramers_v = None;
    outcome.fusion.affinity.normalized_mutual_information = None;
    let page = page(&outcome);
    assert!(page.contains("there is nothing to compare"));
    assert!(!page.contains("NaN") && !page.contains("inf</"));
}

#[test]
fn what_was_not_computed_is_called_unknown() {
    let mut outcome = outcome();
    outcome.settings.algorithm = Algorithm::Gmm;
    outcome
        .clusters
        .candidates
        .iter_mut()
        .for_each(|candidate| candidate.stability = None);
    outcome.rfm.frozen = true;
    let page = page(&outcome);
    assert!(page.contains("Stability was not computed in this run."));
    assert!(page.contains("<span class=\"verdict\">unknown</span>"));
    assert!(page.contains("The limits come from an earlier run"));
    assert!(page.contains("a Gaussian mixture"));
}

#[test]
fn a_page_without_figures_stands() {
    let outcome = outcome();
    let page = render(&outcome, &[] as &[Figure], &frame()).unwrap();
    markup::check(&page).unwrap();
    assert!(!page.contains("<figure"));
}

#[test]
fn the_run_can_be_repeated_from_what_it_says() {
    let page = page(&outcome());
    assert!(page.contains("--seed 42") && page.contains("--as-of 1970-04-11T00:00:00Z"));
    assert!(
        page.contains("--events &#39;/data/my shop.csv&#39; \\\n             s3://shop/2.csv \\\n")
    );
    assert!(page.contains("n_init = 4"));
    assert!(page.contains(FILES[1]));
}

#[test]
fn a_single_lapsed_customer_is_spoken_of_in_the_singular() {
    let mut outcome = outcome();
    let lapsed = outcome
        .rfm
        .scores
        .iter()
        .flatten()
        .filter(|s| s.f >= 4 && s.m >= 4 && s.r <= 2);
    assert_eq!(lapsed.count(), 0, "the regulars of the shop are all recent");
    assert!(!page(&outcome).contains("with high scores for frequency and spending"));
    let row = outcome
        .rfm
        .scores
        .iter()
        .position(|scores| scores.is_some_and(|s| s.f >= 4))
        .unwrap();
    let scores = outcome.rfm.scores[row].as_mut().unwrap();
    (scores.r, scores.m) = (1, 5);
    let page = page(&outcome);
    assert!(
        page.contains("1 customer with high scores for frequency and spending (4 or 5) has not")
    );
    assert!(page.contains("It is in the segment “"));
}
