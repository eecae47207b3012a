//! Figures placed where they belong.

use charts::Figure;

use crate::words;

/// A figure and how to read it; `shared/figure.html` shows one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureView {
    /// The picture, to be placed unescaped.
    pub svg: String,
    /// Its title, for screen readers.
    pub title: String,
    /// How to read it.
    pub caption: String,
}

/// The figures of a run by name.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a>(pub &'a [Figure]);

impl Figures<'_> {
    /// The named figures that exist, in the order of the names; one that is missing is left out.
    pub fn named(self, names: &[&str]) -> Vec<FigureView> {
        let found = |name: &&str| self.0.iter().find(|figure| figure.name == *name);
        let view = |figure: &Figure| FigureView {
            svg: words::visible(&figure.svg).collect(),
            title: figure.title.clone(),
            caption: figure.caption.clone(),
        };
        names.iter().filter_map(found).map(view).collect()
    }
}
