//! No text leaves the sheet and no two texts touch, measured with the embedded font.

use std::sync::Arc;

use charts::Figure;
use resvg::usvg::{Group, Node, Options, Rect, Tree, fontdb};

use crate::samples::{crowded, everyday};

struct Placed {
    words: String,
    bounds: Rect,
}

fn texts(figure: &Figure) -> (Tree, Vec<Placed>) {
    let mut database = fontdb::Database::new();
    database.load_font_data(notosans::REGULAR_TTF.to_vec());
    database.load_font_data(notosans::BOLD_TTF.to_vec());
    let options = Options {
        fontdb: Arc::new(database),
        ..Options::default()
    };
    let tree = Tree::from_str(&figure.svg, &options).unwrap();
    let mut placed = Vec::new();
    collect(tree.root(), &mut placed);
    (tree, placed)
}

fn collect(group: &Group, placed: &mut Vec<Placed>) {
    for node in group.children() {
        match node {
            Node::Group(group) => collect(group, placed),
            Node::Text(text) => placed.push(Placed {
                words: text
                    .chunks()
                    .iter()
                    .map(|chunk| chunk.text().trim())
                    .collect(),
                bounds: text.abs_bounding_box(),
            }),
            _ => {}
        }
    }
}

/// The line box is taller than its letters; only the letters must not touch.
fn touch(one: Rect, other: Rect) -> bool {
    let trim = |rect: Rect| {
        let cut = rect.height() * 0.18;
        (rect.top() + cut, rect.bottom() - cut)
    };
    let ((top, bottom), (other_top, other_bottom)) = (trim(one), trim(other));
    one.left() < other.right()
        && other.left() < one.right()
        && top < other_bottom
        && other_top < bottom
}

fn assert_clear(figure: &Figure) {
    let (tree, placed) = texts(figure);
    assert!(placed.len() > 5, "{} has hardly any text", figure.name);
    let (width, height) = (tree.size().width(), tree.size().height());
    for (index, text) in placed.iter().enumerate() {
        let bounds = text.bounds;
        assert!(
            bounds.left() >= 4.0
                && bounds.top() >= 4.0
                && bounds.right() <= width - 4.0
                && bounds.bottom() <= height - 4.0,
            "{}: {:?} leaves the sheet of {width} x {height}: {bounds:?}",
            figure.name,
            text.words,
        );
        for other in &placed[index + 1..] {
            assert!(
                !touch(bounds, other.bounds),
                "{}: {:?} touches {:?}",
                figure.name,
                text.words,
                other.words,
            );
        }
    }
}

#[test]
fn everyday_figures_are_clear() {
    everyday().iter().for_each(assert_clear);
}

#[test]
fn crowded_figures_are_clear() {
    crowded().iter().for_each(assert_clear);
}
