//! What the page promises, whatever the outcome.

pub(crate) mod fixture;

use ::report::{ReportFrame, markup};
use charts::Figure;

use super::definitions::MEASURES;
use super::render;
use crate::outcome::{Outcome, Recommender, Verdict};
use crate::output::figures::figures;
use fixture::{explicit, frame, outcome};

/// A page that keeps the rules of markup; its text is checked by the caller.
fn page(outcome: &Outcome) -> String {
    let page = render(outcome, &figures(outcome).unwrap(), &frame()).unwrap();
    markup::check(&page).unwrap();
    page
}

/// The section with this id.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<section id=\"{id}\"")).unwrap();
    rest.split_once("</section>").unwrap().0
}

#[test]
fn everything_found_is_there() {
    let outcome = outcome();
    let figures = figures(&outcome).unwrap();
    let page = page(&outcome);
    for recommender in Recommender::ALL {
        let row = format!("<th scope=\"row\">{}</th>", recommender.label());
        assert!(section(&page, "quality").contains(&row), "{row}");
    }
    for product in &outcome.popular {
        assert!(section(&page, "lists").contains(&product.product_id));
    }
    for customer in &outcome.examples {
        let title = format!("<h3>Customer <code>{}</code></h3>", customer.user_id);
        assert!(page.contains(&title));
    }
    for segment in &outcome.segments.as_ref().unwrap().segments {
        assert!(page.contains(&format!("<h3>{}</h3>", segment.fused_segment)));
    }
    for measure in &MEASURES {
        assert!(section(&page, "glossary").contains(&format!("<dt>{}</dt>", measure.term)));
    }
    let names: Vec<&str> = figures.iter().map(|figure| figure.name).collect();
    let expected = [
        "recommender_comparison",
        "catalogue_reach",
        "segment_recommendations",
        "grid_search",
        "loss_curve",
    ];
    assert_eq!(names, expected);
    for figure in &figures {
        assert!(page.contains(&figure.svg), "{} is missing", figure.name);
    }
    assert_eq!(section(&page, "choice").matches("chosen</td>").count(), 1);
}

#[test]
fn numbers_stand_where_they_belong() {
    let page = page(&outcome());
    let quality = section(&page, "quality");
    assert!(quality.contains("0.0800<span class=\"buyers\">0.0600 to 0.1000</span>"));
    assert!(quality.contains("by +0.0400 (95 % interval 0.0300 to 0.0500)"));
    assert!(quality.contains("before 1 Apr 1970, 00:00 UTC"));
    assert!(quality.contains("it was chosen among 4 by folds over all pairs"));
    assert!(quality.contains("all 640 customers who turned to something new"));
    assert!(section(&page, "choice").contains("0.0625\u{A0}± 0.0025"));
    let fit = section(&page, "fit");
    assert!(
        fit.contains("64 factors, regularization 0.01, alpha 10"),
        "{fit}"
    );
    assert!(
        fit.contains("In 4 rounds") && fit.contains("from 5,000 to 4,000 (20.0\u{202F}% less)")
    );
    let learned = section(&page, "learned");
    assert!(learned.contains("2.0\u{202F}% of all that are possible"));
    assert!(
        learned.contains("<th scope=\"row\">remove from cart</th><td class=\"num\">\u{2212}2<")
    );
}

#[test]
fn equal_arguments_give_equal_bytes() {
    assert_eq!(page(&outcome()), page(&outcome()));
}

#[test]
fn the_page_requests_nothing_and_runs_nothing() {
    let page = page(&outcome());
    let forbidden = [
        "<script",
        "<link",
        "<img",
        "<iframe",
        "@import",
        "url(",
        "src=",
        "javascript:",
    ];
    for forbidden in forbidden {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(
        page.split("href=\"")
            .skip(1)
            .all(|link| link.starts_with('#'))
    );
}

#[test]
fn hostile_names_stay_text() {
    let mut outcome = outcome();
    let hostile = "</td><script>alert(1)</script>\"' onload=x &amp;\u{202E}\0";
    let own = || hostile.to_owned();
    outcome.choice.reason = own();
    outcome.popular[0].product_id = own();
    outcome.popular[0].category = Some(own());
    outcome.examples[0].user_id = own();
    outcome.examples[0].history[0].about = own();
    outcome.examples[0].recommended[0].product_id = own();
    let segments = outcome.segments.as_mut().unwrap();
    segments.run_id = own();
    segments.segments[1].fused_segment = own();
    segments.segments[1].products[0].product_id = own();
    outcome.fit.warm_start = Some(own());
    outcome.settings.warm_start = Some(own());
    outcome.notes.push(own());
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
fn the_verdict_is_the_first_finding() {
    let mut outcome = outcome();
    let first = |outcome: &Outcome| -> String {
        let page = page(outcome);
        let (_, findings) = page.split_once("<ol class=\"findings\">").unwrap();
        findings.split_once("</li>").unwrap().0.to_owned()
    };
    let better = first(&outcome);
    assert!(better.contains("The lists are better than showing everybody what is most popular."));
    assert!(better.contains("12.0\u{202F}% were among the first 10 on the list, and 6.0\u{202F}%"));
    outcome.quality.as_mut().unwrap().verdict = Verdict::NotClearlyBetter;
    assert!(first(&outcome).contains("The lists are not clearly better"));
    outcome.quality.as_mut().unwrap().verdict = Verdict::NotBetter;
    assert!(
        first(&outcome).contains("The lists are not better")
            && !first(&outcome).contains("Use them")
    );
    outcome.quality = None;
    assert!(first(&outcome).contains("they were not tested"));
}

#[test]
fn a_simpler_method_that_does_better_is_named() {
    let mut outcome = outcome();
    let before = page(&outcome);
    assert!(!before.contains("had the higher mean in the test"));
    assert!(before.contains("Use them."));
    let quality = outcome.quality.as_mut().unwrap();
    quality.recommenders[3].values.ndcg_at_10 = 0.09;
    let page = page(&outcome);
    let claim = "had the higher mean in the test (NDCG@10 0.0900 against the model’s 0.0800)";
    assert!(page.contains(claim));
    assert!(!page.contains("Use them."));
}

#[test]
fn without_a_test_nothing_is_claimed() {
    let mut outcome = outcome();
    outcome.quality = None;
    let page = page(&outcome);
    assert!(section(&page, "quality").contains("The lists were not tested"));
    assert!(!section(&page, "quality").contains("<table"));
    assert!(section(&page, "findings").contains("not tested"));
    assert!(section(&page, "trust").contains("<span class=\"verdict\">unknown</span>"));
}

#[test]
fn without_segments_the_page_says_how_to_get_them() {
    let mut outcome = outcome();
    outcome.segments = None;
    let page = page(&outcome);
    assert!(section(&page, "segments").contains("Run the job segmentation"));
    assert!(!section(&page, "segments").contains("<table"));
}

#[test]
fn a_single_setting_without_folds_was_not_compared() {
    let mut outcome = outcome();
    let choice = &mut outcome.choice;
    choice.candidates.truncate(1);
    choice.candidates[0].folds.clear();
    choice.candidates[0].mean = None;
    (choice.selected, choice.n_folds) = (0, 0);
    let page = page(&outcome);
    assert!(section(&page, "choice").contains("Nothing was compared"));
    assert!(!section(&page, "choice").contains("<figure"));
}

#[test]
fn a_setting_that_is_named_twice_is_drawn_once() {
    let mut outcome = outcome();
    let again = outcome.choice.candidates[2].clone();
    outcome.choice.candidates.push(again);
    assert!(section(&page(&outcome), "choice").contains("<figure"));
}

#[test]
fn explicit_scores_have_no_alpha_and_no_weights() {
    let page = page(&explicit());
    assert!(!section(&page, "choice").contains("Alpha"));
    assert!(section(&page, "choice").contains("the smallest mean RMSE"));
    assert!(!section(&page, "learned").contains("Weights of events"));
    assert!(section(&page, "fit").contains("a bias for each customer and product"));
    assert!(section(&page, "quality").contains("all folds but fold 3"));
    assert!(section(&page, "trust").contains("on a fold"));
}

#[test]
fn the_run_can_be_repeated_and_asked() {
    let page = page(&outcome());
    let reproduce = section(&page, "reproduce");
    assert!(reproduce.contains("jobs run recommendation"));
    assert!(reproduce.contains("--seed 42") && reproduce.contains("--as-of 1970-04-11T00:00:00Z"));
    assert!(reproduce.contains("max_score = 100.0"));
    let ask = section(&page, "ask");
    assert!(ask.contains("jobs recommend --output FOLDER --user 7 -n 10 --explain"));
    assert!(ask.contains("jobs similar --output FOLDER --product 1001 -n 10"));
}

#[test]
fn a_page_without_figures_stands() {
    let page = render(&outcome(), &[] as &[Figure], &frame()).unwrap();
    markup::check(&page).unwrap();
    assert!(!page.contains("<figure"));
}
