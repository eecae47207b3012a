//! The segment table: which segment three scores belong to.

use serde::Deserialize;

use super::{PROSPECT, STEPS, Scores};
use crate::decision::{Axis, CoverageError, DecisionTable, Rule, read_toml};

const BUILT_IN: &str = include_str!("../../rules/rfm_segments.toml");

/// A named group of customers and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The name, unique in its table.
    pub name: String,
    /// One sentence for whoever runs the shop.
    pub advice: String,
}

/// A total and disjoint map from the 125 triples of scores to named segments, and the segment of
/// users without scores.
///
/// It is written in TOML: each `[[segments]]` has a `name`, an `advice` and `cells`, a list of
/// blocks such as `{ r = "5", f = "4-5", m = "1" }`. Its order is the order in every output.
#[derive(Debug, Clone)]
pub struct SegmentTable {
    segments: Vec<Segment>,
    segment_of_rule: Vec<usize>,
    table: DecisionTable,
}

/// Why a segment table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SegmentTableError {
    /// It is not TOML of the expected shape.
    #[error("it is not a segment table: {0}")]
    Malformed(String),
    /// A range is not `n` or `n-m` within 1 to 5.
    #[error(
        "segment {segment} has the range {range:?}; expected a score from 1 to 5, or a range such as \"4-5\""
    )]
    Range {
        /// The segment.
        segment: String,
        /// The text.
        range: String,
    },
    /// A name is empty, repeated or reserved.
    #[error("the segment name {0:?} is empty, repeated, or reserved for users who never bought")]
    Name(String),
    /// Some cells have no segment or several.
    #[error("each of the 125 cells r-f-m must belong to exactly one segment, but {0}")]
    Coverage(CoverageError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    prospect: Option<ProspectEntry>,
    segments: Vec<SegmentEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProspectEntry {
    advice: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentEntry {
    name: String,
    #[serde(default)]
    advice: String,
    cells: Vec<Block>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    r: Range,
    f: Range,
    m: Range,
}

/// `5`, `"5"` or `"4-5"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Range {
    One(i64),
    Text(String),
}

impl SegmentTable {
    /// The table this project ships: eleven segments from Champions to Lost.
    ///
    /// # Errors
    ///
    /// None in practice; a test keeps the file valid.
    pub fn built_in() -> Result<Self, SegmentTableError> {
        Self::from_toml(BUILT_IN)
    }

    /// Reads a table and checks that it covers each of the 125 cells exactly once.
    ///
    /// # Errors
    ///
    /// [`SegmentTableError`], which names the cells that are left out or contested.
    pub fn from_toml(text: &str) -> Result<Self, SegmentTableError> {
        let file: TableFile = read_toml(text).map_err(SegmentTableError::Malformed)?;
        let mut segments: Vec<Segment> = Vec::with_capacity(file.segments.len() + 1);
        let (mut rules, mut segment_of_rule) = (Vec::new(), Vec::new());
        for entry in file.segments {
            let taken = segments.iter().any(|segment| segment.name == entry.name);
            if entry.name.trim().is_empty() || entry.name == PROSPECT || taken {
                return Err(SegmentTableError::Name(entry.name));
            }
            for block in &entry.cells {
                let ranges = [&block.r, &block.f, &block.m];
                let allowed = ranges.map(|range| {
                    range.values().ok_or_else(|| SegmentTableError::Range {
                        segment: entry.name.clone(),
                        range: range.text(),
                    })
                });
                let allowed = allowed.into_iter().collect::<Result<Vec<_>, _>>()?;
                rules.push(Rule {
                    answer: entry.name.clone(),
                    allowed,
                });
                segment_of_rule.push(segments.len());
            }
            segments.push(Segment {
                name: entry.name,
                advice: entry.advice,
            });
        }
        let axis = Axis {
            labels: (1..=STEPS).map(|score| score.to_string()).collect(),
        };
        let table = DecisionTable::new(&[axis.clone(), axis.clone(), axis], &rules)
            .map_err(SegmentTableError::Coverage)?;
        let advice = file
            .prospect
            .map(|prospect| prospect.advice)
            .unwrap_or_default();
        segments.push(Segment {
            name: PROSPECT.to_owned(),
            advice,
        });
        Ok(Self {
            segments,
            segment_of_rule,
            table,
        })
    }

    /// The segments in the order of the table; the last is [`PROSPECT`].
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The index, in [`Self::segments`], of the segment of these scores; of [`PROSPECT`] without.
    pub fn segment(&self, scores: Option<Scores>) -> usize {
        match scores {
            Some(Scores { r, f, m }) => {
                let cell = [r, f, m].map(|score| usize::from(score) - 1);
                self.segment_of_rule[self.table.rule(&cell)]
            }
            None => self.segments.len() - 1,
        }
    }
}

impl Range {
    fn text(&self) -> String {
        match self {
            Self::One(score) => score.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    /// The indices (score minus one) in the range; none unless `1 <= low <= high <= 5`.
    fn values(&self) -> Option<Vec<usize>> {
        let text = self.text();
        let (low, high) = text.split_once('-').unwrap_or((&text, &text));
        let low: usize = low.trim().parse().ok()?;
        let high: usize = high.trim().parse().ok()?;
        (1 <= low && low <= high && high <= STEPS).then(|| (low - 1..high).collect())
    }
}
