//! Decision tables: rules over a grid of cells, checked to give exactly one answer per cell.
//!
//! The segment table (over the 125 scores) and the fusion table (segment by cluster tier) are both
//! decision tables. A rule allows some values of every axis, and so covers a block of cells. Rules
//! have no order: a table in which a cell is covered twice would mean something else to whoever
//! reads it from the bottom, so it is refused, as is one that leaves a cell out.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;

/// How many cells an error names before it only counts them.
const NAMED_CELLS: usize = 4;
/// How many groups of contested cells an error names before it only counts them.
const NAMED_GROUPS: usize = 4;

/// One side of the grid: the labels of its values.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// The labels, in order.
    pub(crate) labels: Vec<String>,
}

/// A block of cells and the answer for them.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The answer.
    pub(crate) answer: String,
    /// Per axis, the indices of the values allowed.
    pub(crate) allowed: Vec<Vec<usize>>,
}

/// A table that covers every cell exactly once.
#[derive(Debug, Clone)]
pub(crate) struct DecisionTable {
    sizes: Vec<usize>,
    rule_of_cell: Vec<usize>,
}

/// The cells that no rule or more than one rule covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageError {
    /// The labels of the cells without a rule.
    pub uncovered: Vec<String>,
    /// The labels of the cells with several rules, grouped by the answers of these rules.
    pub contested: BTreeMap<Vec<String>, Vec<String>>,
}

impl DecisionTable {
    /// Checks that `rules` cover each cell of the grid exactly once.
    ///
    /// # Errors
    ///
    /// [`CoverageError`] naming the cells that are left out or contested; two rules with the same
    /// answer contest a cell too. Cost: cells × rules.
    pub(crate) fn new(axes: &[Axis], rules: &[Rule]) -> Result<Self, CoverageError> {
        let sizes: Vec<usize> = axes.iter().map(|axis| axis.labels.len()).collect();
        let mut error = CoverageError {
            uncovered: Vec::new(),
            contested: BTreeMap::new(),
        };
        let mut rule_of_cell = Vec::with_capacity(sizes.iter().product());
        for cell in 0..sizes.iter().product() {
            let values = coordinates(cell, &sizes);
            let covers = |rule: &&Rule| {
                rule.allowed
                    .iter()
                    .zip(&values)
                    .all(|(allowed, value)| allowed.contains(value))
            };
            let covering: Vec<&Rule> = rules.iter().filter(covers).collect();
            let label = || {
                let labels: Vec<&str> = axes
                    .iter()
                    .zip(&values)
                    .map(|(axis, &v)| axis.labels[v].as_str())
                    .collect();
                labels.join("-")
            };
            match covering.as_slice() {
                [] => error.uncovered.push(label()),
                [rule] => rule_of_cell.extend(rules.iter().position(|r| std::ptr::eq(r, *rule))),
                several => {
                    let answers = several.iter().map(|rule| rule.answer.clone()).collect();
                    error.contested.entry(answers).or_default().push(label());
                }
            }
        }
        if error.uncovered.is_empty() && error.contested.is_empty() {
            Ok(Self {
                sizes,
                rule_of_cell,
            })
        } else {
            Err(error)
        }
    }

    /// The index of the rule that covers the cell at `values` (one index per axis).
    pub(crate) fn rule(&self, values: &[usize]) -> usize {
        let cell = values
            .iter()
            .zip(&self.sizes)
            .fold(0, |cell, (value, size)| {
                debug_assert!(value < size, "a value outside its axis");
                cell * size + value
            });
        self.rule_of_cell[cell]
    }
}

/// Reads a table file; an error is one line that says where and what.
pub(crate) fn read_toml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().replace('\n', " ");
        match error.span() {
            Some(span) => {
                let before = text.get(..span.start).unwrap_or_default();
                format!("line {}: {message}", before.matches('\n').count() + 1)
            }
            None => message,
        }
    })
}

/// The values of the cell with this number, counted with the last axis fastest.
fn coordinates(cell: usize, sizes: &[usize]) -> Vec<usize> {
    let mut rest = cell;
    let mut values: Vec<usize> = Vec::with_capacity(sizes.len());
    for size in sizes.iter().rev() {
        values.push(rest % size);
        rest /= size;
    }
    values.reverse();
    values
}

impl fmt::Display for CoverageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (answers, cells) in self.contested.iter().take(NAMED_GROUPS) {
            let (verb, by) = (if cells.len() == 1 { "is" } else { "are" }, by(answers));
            parts.push(format!("{} {verb} covered by {by}", some_of(cells)));
        }
        let more: usize = self
            .contested
            .values()
            .skip(NAMED_GROUPS)
            .map(Vec::len)
            .sum();
        if more > 0 {
            parts.push(format!("{more} more cells are covered more than once"));
        }
        if !self.uncovered.is_empty() {
            let verb = if self.uncovered.len() == 1 {
                "is"
            } else {
                "are"
            };
            parts.push(format!(
                "{} {verb} covered by none",
                some_of(&self.uncovered)
            ));
        }
        f.write_str(&parts.join("; "))
    }
}

impl std::error::Error for CoverageError {}

fn by(answers: &[String]) -> String {
    match answers {
        [a, b] if a == b => format!("two rows of {a}"),
        [a, b] => format!("both {a} and {b}"),
        several => several.join(" and "),
    }
}

fn some_of(cells: &[String]) -> String {
    if cells.len() <= NAMED_CELLS {
        cells.join(", ")
    } else {
        let named = cells[..NAMED_CELLS].join(", ");
        format!("{named} and {} more cells", cells.len() - NAMED_CELLS)
    }
}

#[cfg(test)]
mod tests;
