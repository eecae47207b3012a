//! Every figure is a sound SVG and a PNG with something on it, and always the same one.

use charts::{Figure, silhouette_curve};
use resvg::tiny_skia::Pixmap;
use resvg::usvg::roxmltree::Document;

use crate::samples::{crowded, everyday};

const NAMES: [&str; 14] = [
    "silhouette_curve",
    "inertia_curve",
    "segment_sizes",
    "segment_revenue",
    "rfm_heatmap",
    "rfm_distributions",
    "cluster_profiles",
    "affinity_matrix",
    "segment_by_month",
    "recommender_comparison",
    "grid_search",
    "loss_curve",
    "catalogue_reach",
    "segment_recommendations",
];

fn view_box(figure: &Figure) -> (u32, u32) {
    let document = Document::parse(&figure.svg).unwrap();
    let sides: Vec<u32> = document
        .root_element()
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|side| side.parse().unwrap())
        .collect();
    assert_eq!(sides[..2], [0, 0]);
    (sides[2], sides[3])
}

#[test]
fn names_are_the_file_stems_users_rely_on() {
    let names: Vec<&str> = everyday().iter().map(|figure| figure.name).collect();
    assert_eq!(names, NAMES);
}

#[test]
fn svgs_are_well_formed_and_speak_to_screen_readers() {
    for figure in everyday().into_iter().chain(crowded()) {
        let document = Document::parse(&figure.svg).unwrap();
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "svg");
        assert_eq!(
            root.tag_name().namespace(),
            Some("http://www.w3.org/2000/svg")
        );
        assert_eq!(root.attribute("role"), Some("img"));
        assert_eq!(
            root.attribute("width"),
            Some("100%"),
            "{} must scale",
            figure.name
        );
        let first = root.first_element_child().unwrap();
        assert_eq!(first.tag_name().name(), "title");
        assert_eq!(first.text(), Some(figure.title.as_str()));
        let desc = root
            .children()
            .find(|node| node.has_tag_name("desc"))
            .unwrap();
        assert_eq!(desc.text(), Some(figure.caption.as_str()));
    }
}

#[test]
fn captions_are_one_sentence() {
    for figure in everyday() {
        assert!(figure.caption.ends_with('.'), "{}", figure.caption);
        assert_eq!(
            figure.caption.matches(". ").count(),
            0,
            "{}",
            figure.caption
        );
    }
}

#[test]
fn svgs_refer_to_nothing_outside() {
    for figure in everyday() {
        for forbidden in [
            "href",
            "<script",
            "<style",
            "url(",
            "<image",
            "<foreignObject",
        ] {
            assert!(
                !figure.svg.contains(forbidden),
                "{} has {forbidden}",
                figure.name
            );
        }
    }
}

#[test]
fn pngs_are_twice_the_size_with_text_and_drawing() {
    for figure in everyday() {
        let pixmap = Pixmap::decode_png(&figure.png().unwrap()).unwrap();
        let (width, height) = view_box(&figure);
        assert_eq!((pixmap.width(), pixmap.height()), (2 * width, 2 * height));
        let inked = pixmap
            .pixels()
            .iter()
            .filter(|pixel| pixel.red() < 200)
            .count();
        let share = inked as f64 / pixmap.pixels().len() as f64;
        assert!(share > 0.005, "{} is almost blank: {share}", figure.name);
        assert!(pixmap.pixels().iter().all(|pixel| pixel.alpha() == 255));
        // The title stands alone at the top: only letters of the embedded font darken that strip.
        let strip = &pixmap.pixels()[..(pixmap.width() * 100) as usize];
        let dark = strip.iter().filter(|pixel| pixel.red() < 60).count();
        assert!(
            dark > 1_000,
            "{} has no title: {dark} dark pixels",
            figure.name
        );
    }
}

#[test]
fn the_same_values_give_the_same_bytes() {
    for (one, other) in everyday().into_iter().zip(everyday()) {
        assert_eq!(one, other);
    }
    let figure = everyday().remove(0);
    assert_eq!(figure.png().unwrap(), figure.png().unwrap());
}

#[test]
fn files_are_those_of_each_figure_in_their_order() {
    let mut figures = everyday();
    let found = charts::files(&figures).unwrap();
    for (pair, figure) in found.chunks_exact(2).zip(&figures) {
        let svg = (
            format!("{}.svg", figure.name),
            figure.svg.clone().into_bytes(),
        );
        let png = (format!("{}.png", figure.name), figure.png().unwrap());
        assert_eq!(pair, [svg, png]);
    }
    assert_eq!(found.len(), 2 * figures.len());
    for place in [3, 1] {
        figures[place].svg.truncate(200);
        let error = charts::files(&figures).unwrap_err().to_string();
        assert!(error.contains(figures[place].name), "{error}");
    }
}

#[test]
fn the_order_of_points_does_not_matter() {
    let sorted = silhouette_curve(&[(2, 0.1), (3, 0.3), (4, 0.2)], 3, &[4]).unwrap();
    let shuffled = silhouette_curve(&[(4, 0.2), (2, 0.1), (3, 0.3)], 3, &[4]).unwrap();
    assert_eq!(sorted, shuffled);
}

#[test]
fn an_altered_svg_is_an_error_and_not_a_panic() {
    let mut figure = everyday().remove(0);
    figure.svg.truncate(200);
    let error = figure.png().unwrap_err().to_string();
    assert!(
        error.contains("silhouette_curve") && error.contains("PNG"),
        "{error}"
    );
}
