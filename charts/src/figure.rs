//! The product of every function here: an SVG, and the PNG made from it.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::error::ChartError;
use crate::theme::FONT_FAMILY;

/// Pixels of the PNG for each unit of the SVG.
const PNG_SCALE: f32 = 2.0;

/// A finished figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Stable name, fit for a file stem: `silhouette_curve`, `segment_sizes`, …
    pub name: &'static str,
    /// Title. It is also drawn inside the figure, so that a PNG taken out of the report still says
    /// what it shows.
    pub title: String,
    /// One sentence saying how to read the figure. It is not drawn; print it under the figure. The
    /// SVG carries it as `<desc>` for screen readers.
    pub caption: String,
    /// A complete SVG document: `role="img"`, `<title>`, `<desc>`, a `viewBox`, a width of 100 % of
    /// its container up to its natural size, no script and no outside reference. It can be pasted
    /// into an HTML page as it is.
    pub svg: String,
}

impl Figure {
    /// Draws the SVG as a PNG at twice its natural size, on white, with the embedded font only, so
    /// that the bytes do not depend on the fonts of the machine.
    ///
    /// Characters the embedded font lacks (it covers Latin, Greek and Cyrillic) are left out.
    /// Costs some tens of milliseconds in an optimised build.
    ///
    /// # Errors
    ///
    /// [`ChartError::Raster`] when `svg` was altered so that it is no longer a valid SVG, or when
    /// the picture does not fit into memory.
    pub fn png(&self) -> Result<Vec<u8>, ChartError> {
        let raster = |reason: String| ChartError::Raster {
            figure: self.name,
            reason,
        };
        let options = Options {
            font_family: "Noto Sans".to_owned(),
            fontdb: embedded_fonts(),
            ..Options::default()
        };
        let tree =
            Tree::from_str(&self.svg, &options).map_err(|error| raster(error.to_string()))?;
        let size = tree
            .size()
            .to_int_size()
            .scale_by(PNG_SCALE)
            .ok_or_else(|| raster("the figure has no size".to_owned()))?;
        let mut pixmap = Pixmap::new(size.width(), size.height())
            .ok_or_else(|| raster("the figure is too large".to_owned()))?;
        pixmap.fill(resvg::tiny_skia::Color::WHITE);
        let scale = Transform::from_scale(PNG_SCALE, PNG_SCALE);
        resvg::render(&tree, scale, &mut pixmap.as_mut());
        pixmap
            .encode_png()
            .map_err(|error| raster(error.to_string()))
    }
}

/// The files of figures: for each its SVG and its PNG, named after it. PNGs are drawn side by side, on
/// the threads of the process.
///
/// # Errors
///
/// Those of [`Figure::png`]; of several the first.
pub fn files(figures: &[Figure]) -> Result<Vec<(String, Vec<u8>)>, ChartError> {
    let pngs: Vec<Result<Vec<u8>, ChartError>> = figures.par_iter().map(Figure::png).collect();
    let mut files = Vec::with_capacity(2 * figures.len());
    for (figure, png) in figures.iter().zip(pngs) {
        let svg = figure.svg.clone().into_bytes();
        files.push((format!("{}.svg", figure.name), svg));
        files.push((format!("{}.png", figure.name), png?));
    }
    Ok(files)
}

/// The fonts are parsed once for the life of the process.
fn embedded_fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut database = fontdb::Database::new();
        database.load_font_data(notosans::REGULAR_TTF.to_vec());
        database.load_font_data(notosans::BOLD_TTF.to_vec());
        database.set_sans_serif_family("Noto Sans");
        Arc::new(database)
    });
    Arc::clone(fonts)
}

/// Puts what Plotters drew into a document that scales, speaks to screen readers and carries its
/// title.
///
/// `drawn` is a document whose first line is the root element; only that line is replaced.
pub(crate) fn document(
    drawn: &str,
    (width, height): (u32, u32),
    title: &str,
    caption: &str,
) -> String {
    let body = drawn.split_once('\n').map_or("", |(_, body)| body);
    // Said once on the root, or the default anyway. Text holds no bare quotes, so only attributes
    // match.
    let family = FONT_FAMILY.replace('\'', "&apos;");
    let body = body.replace(&format!(" font-family=\"{family}\""), "");
    let body = body.replace(" opacity=\"1\"", "");
    let (title, caption) = (escape(title), escape(caption));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"100%\" \
         style=\"max-width:{width}px\" role=\"img\" font-family=\"{family}\">\n\
         <title>{title}</title>\n<desc>{caption}</desc>\n{body}"
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
