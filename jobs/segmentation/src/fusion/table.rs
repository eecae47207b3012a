//! The fusion table: which fused segment an RFM segment and a cluster tier give.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decision::{Axis, CoverageError, DecisionTable, Rule, read_toml};
use crate::money::Money;
use crate::rfm::Segment;

const BUILT_IN: &str = include_str!("../../rules/fusion.toml");

/// What the members of a cluster are worth, compared with all customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Much less than the average customer.
    Low,
    /// About as much.
    Mid,
    /// Much more.
    High,
}

impl Tier {
    /// All tiers, lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Mid, Self::High];
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Mid => "mid",
            Self::High => "high",
        })
    }
}

/// Where the tiers begin, as multiples of the net revenue per customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierBounds {
    /// From this ratio on a cluster is high.
    pub high: f64,
    /// Below this ratio a cluster is low.
    pub low: f64,
}

impl TierBounds {
    /// The bounds of the built-in table.
    pub const DEFAULT: Self = Self {
        high: 1.5,
        low: 0.5,
    };

    /// The tier of a cluster with `members` customers and `revenue`, among `customers` with
    /// `total` revenue: high when `(revenue / members) / (total / customers)` is at least `high`,
    /// low when it is below `low`, else mid. Mid as well when there is no revenue to compare.
    pub fn tier(&self, revenue: Money, members: u64, total: Money, customers: u64) -> Tier {
        let Some(share) = revenue.share_of(total).filter(|_| members > 0) else {
            return Tier::Mid;
        };
        let ratio = share * customers as f64 / members as f64;
        if ratio >= self.high {
            Tier::High
        } else if ratio < self.low {
            Tier::Low
        } else {
            Tier::Mid
        }
    }
}

/// A segment that RFM and behaviour give together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FusedSegment {
    /// The name, unique in its table.
    pub name: String,
    /// One sentence for whoever runs the shop; may be empty.
    pub advice: String,
}

/// A total and disjoint map from an RFM segment and a cluster tier to a fused segment.
///
/// It is written in TOML: `[tiers]` with `high` and `low` (see [`TierBounds`]) and `[[rules]]`,
/// each with `fused`, an optional `advice`, and the `segments` and `tiers` it takes. Several rules
/// may give the same fused segment; the first appearance of a name fixes its place in the order.
#[derive(Debug, Clone)]
pub struct FusionTable {
    bounds: TierBounds,
    fused: Vec<FusedSegment>,
    fused_of_rule: Vec<usize>,
    table: DecisionTable,
}

/// Why a fusion table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FusionTableError {
    /// It is not TOML of the expected shape.
    #[error("it is not a fusion table: {0}")]
    Malformed(String),
    /// The bounds are not in order.
    #[error("the tier bounds must satisfy 0 <= low <= high, but low is {low} and high is {high}")]
    Bounds {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// A rule names a segment that the segment table does not have.
    #[error("the rule for {fused:?} names the RFM segment {segment:?}; the segments are {known}")]
    Segment {
        /// The fused segment.
        fused: String,
        /// The unknown RFM segment.
        segment: String,
        /// The segments there are.
        known: String,
    },
    /// A fused segment has no name.
    #[error("a rule has an empty name in `fused`")]
    Name,
    /// Some pairs have no fused segment or several.
    #[error(
        "each pair of RFM segment and cluster tier must give exactly one fused segment, but {0}"
    )]
    Coverage(CoverageError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    #[serde(default = "default_bounds")]
    tiers: TierBounds,
    rules: Vec<RuleEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    fused: String,
    #[serde(default)]
    advice: String,
    segments: Vec<String>,
    tiers: Vec<Tier>,
}

fn default_bounds() -> TierBounds {
    TierBounds::DEFAULT
}

impl FusionTable {
    /// The table this project ships, for the segments of the built-in segment table.
    ///
    /// # Errors
    ///
    /// [`FusionTableError::Segment`] or [`FusionTableError::Coverage`] when `segments` are not
    /// those of the built-in segment table.
    pub fn built_in(segments: &[Segment]) -> Result<Self, FusionTableError> {
        Self::from_toml(BUILT_IN, segments)
    }

    /// The table for segments of one's own without a fusion table of one's own: every pair is its
    /// own fused segment, named `segment, tier value`.
    ///
    /// # Errors
    ///
    /// None in practice: such a table is total and disjoint by construction.
    pub fn plain(segments: &[Segment]) -> Result<Self, FusionTableError> {
        let rule = |segment: &Segment, tier: Tier| RuleEntry {
            fused: format!("{}, {tier} value", segment.name),
            advice: segment.advice.clone(),
            segments: vec![segment.name.clone()],
            tiers: vec![tier],
        };
        let highest_first = [Tier::High, Tier::Mid, Tier::Low];
        let rules = segments
            .iter()
            .flat_map(|s| highest_first.map(|tier| rule(s, tier)))
            .collect();
        Self::from_rules(TierBounds::DEFAULT, rules, segments)
    }

    /// Reads a table and checks that it takes each pair exactly once.
    ///
    /// # Errors
    ///
    /// [`FusionTableError`], which names the pairs that are left out or contested.
    pub fn from_toml(text: &str, segments: &[Segment]) -> Result<Self, FusionTableError> {
        let file: TableFile = read_toml(text).map_err(FusionTableError::Malformed)?;
        let TierBounds { high, low } = file.tiers;
        if !(0.0 <= low && low <= high && high.is_finite()) {
            return Err(FusionTableError::Bounds { low, high });
        }
        Self::from_rules(file.tiers, file.rules, segments)
    }

    fn from_rules(
        bounds: TierBounds,
        entries: Vec<RuleEntry>,
        segments: &[Segment],
    ) -> Result<Self, FusionTableError> {
        let names: Vec<String> = segments
            .iter()
            .map(|segment| segment.name.clone())
            .collect();
        let mut fused: Vec<FusedSegment> = Vec::new();
        let (mut rules, mut fused_of_rule) = (Vec::new(), Vec::new());
        for entry in entries {
            if entry.fused.trim().is_empty() {
                return Err(FusionTableError::Name);
            }
            let index_of = |segment: &String| {
                let place = names.iter().position(|name| name == segment);
                place.ok_or_else(|| FusionTableError::Segment {
                    fused: entry.fused.clone(),
                    segment: segment.clone(),
                    known: names.join(", "),
                })
            };
            let of_segments = entry
                .segments
                .iter()
                .map(index_of)
                .collect::<Result<Vec<_>, _>>()?;
            let of_tiers = entry.tiers.iter().map(|tier| *tier as usize).collect();
            let place = fused
                .iter()
                .position(|f| f.name == entry.fused)
                .unwrap_or(fused.len());
            match fused.get_mut(place) {
                Some(known) if known.advice.is_empty() => known.advice = entry.advice,
                Some(_) => {}
                None => fused.push(FusedSegment {
                    name: entry.fused.clone(),
                    advice: entry.advice,
                }),
            }
            rules.push(Rule {
                answer: entry.fused,
                allowed: vec![of_segments, of_tiers],
            });
            fused_of_rule.push(place);
        }
        let tiers = Axis {
            labels: Tier::ALL.iter().map(Tier::to_string).collect(),
        };
        let table = DecisionTable::new(&[Axis { labels: names }, tiers], &rules)
            .map_err(FusionTableError::Coverage)?;
        Ok(Self {
            bounds,
            fused,
            fused_of_rule,
            table,
        })
    }

    /// The fused segments, in the order of the table.
    pub fn fused_segments(&self) -> &[FusedSegment] {
        &self.fused
    }

    /// Where the tiers begin.
    pub fn bounds(&self) -> TierBounds {
        self.bounds
    }

    /// The index, in [`Self::fused_segments`], for an RFM segment (its index) and a tier.
    pub fn fused_segment(&self, segment: usize, tier: Tier) -> usize {
        self.fused_of_rule[self.table.rule(&[segment, tier as usize])]
    }
}
