//! Names come from data and may hold anything.

use charts::{
    Distribution, Figure, affinity_matrix, cluster_profiles, rfm_distributions, segment_by_month,
    segment_recommendations, segment_revenue, segment_sizes,
};
use resvg::usvg::roxmltree::Document;

use crate::samples::{affinity, bars, by_month, by_segment, comparison, profiles};

const HOSTILE: [&str; 6] = [
    "<b>x</b>",
    "]]><script>",
    "R&D \"A\" 'B'",
    "nul\u{0} bell\u{7} \u{202E}turned",
    "",
    "\u{1F600} \u{65E5}\u{672C} \u{FFFE}",
];

fn hostile() -> Vec<String> {
    HOSTILE.iter().map(|&name| name.to_owned()).collect()
}

fn figures() -> Vec<Figure> {
    let names = hostile();
    let measure = |label| Distribution {
        label,
        values: &[1.0, 2.0],
        cut_points: &[1.5],
    };
    vec![
        segment_sizes(&bars(&names, 900.0)).unwrap(),
        segment_revenue(&bars(&names, 900.0)).unwrap(),
        rfm_distributions(
            measure(HOSTILE[0]),
            measure(HOSTILE[2]),
            measure(HOSTILE[3]),
        )
        .unwrap(),
        cluster_profiles(&names, &profiles(&names, names.len())).unwrap(),
        affinity(&names, &names, 50.0),
        by_month(3, &names),
        segment_by_month(&names, &names[..1], &vec![vec![1.0]; names.len()]).unwrap(),
        comparison(&names, 0.3),
        segment_recommendations(&by_segment(&names, &names)).unwrap(),
    ]
}

#[test]
fn markup_in_names_stays_text() {
    for figure in figures() {
        let document = Document::parse(&figure.svg).unwrap();
        for node in document.descendants().filter(|node| node.is_element()) {
            let tag = node.tag_name().name();
            let known = [
                "svg", "title", "desc", "rect", "line", "polyline", "circle", "text",
            ];
            assert!(
                known.contains(&tag),
                "{} has an element <{tag}>",
                figure.name
            );
        }
        let drawn: Vec<&str> = document
            .descendants()
            .filter(|node| node.has_tag_name("text"))
            .filter_map(|node| node.text())
            .map(str::trim)
            .collect();
        assert!(
            drawn.iter().any(|text| HOSTILE[..3].contains(text)),
            "{} changed the names: {drawn:?}",
            figure.name
        );
    }
}

#[test]
fn what_cannot_be_drawn_is_left_out_of_the_document() {
    for figure in figures() {
        for forbidden in ['\u{0}', '\u{7}', '\u{202E}', '\u{FFFE}'] {
            assert!(
                !figure.svg.contains(forbidden),
                "{} has {forbidden:?}",
                figure.name
            );
        }
        figure.png().unwrap();
    }
}

#[test]
fn a_name_without_a_letter_gets_a_placeholder() {
    let figure = segment_sizes(&bars(&[" \n ".to_owned(), "Loyal".to_owned()], 90.0)).unwrap();
    assert!(figure.svg.contains("(no name)"));
}

#[test]
fn long_names_end_in_an_ellipsis() {
    let long = vec!["x".repeat(400)];
    let figure = affinity_matrix(&long, &long, &[vec![1]], &[vec![1.0]]).unwrap();
    assert!(!figure.svg.contains(&long[0]) && figure.svg.contains("x…"));
}

#[test]
fn product_labels_keep_24_characters_at_most() {
    let labels = ["i".repeat(24), "j".repeat(25)];
    let figure = segment_recommendations(&by_segment(&labels[..1], &labels)).unwrap();
    let cut = format!("{}…", "j".repeat(23));
    assert!(figure.svg.contains(&labels[0]) && figure.svg.contains(&cut));
    assert!(!figure.svg.contains(&"j".repeat(24)));
}
