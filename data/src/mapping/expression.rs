//! One expression of a mapping: which source columns it names, and the same with their exact names.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Value, visit_expressions, visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;

/// The prefix of the catalogue's columns, in expressions and in the joined table.
pub(crate) const CATALOGUE: &str = "catalogue";

/// An expression whose columns are known to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    /// SQL with every column quoted under its exact name.
    pub sql: String,
    /// The columns it names, each once, in the order in which they first appear.
    pub columns: Vec<String>,
    /// It may make null out of a value on purpose: it says `null` or `nullif`.
    pub nulls_on_purpose: bool,
}

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExpressionError {
    /// It is no SQL expression, or one of a kind that has no place here.
    Invalid(String),
    /// It names a column that is not there.
    Absent(String),
}

impl Expression {
    /// Reads an expression over the given columns. A name in double quotes means exactly that
    /// column; another one the column of this name or, if there is none, the only one that differs
    /// in upper and lower case alone. `catalogue.name` is the catalogue's column.
    pub(crate) fn read(text: &str, available: &[String]) -> Result<Self, ExpressionError> {
        let mut tree = parse(text)?;
        let mut columns: Vec<String> = Vec::new();
        let mut nulls_on_purpose = false;
        let outcome = visit_expressions_mut(&mut tree, |node| {
            let parts = match node {
                Expr::Identifier(ident) => vec![ident.clone()],
                Expr::CompoundIdentifier(parts) => parts.clone(),
                Expr::Value(value) if value.value == Value::Null => {
                    nulls_on_purpose = true;
                    return ControlFlow::Continue(());
                }
                Expr::Function(function) => {
                    nulls_on_purpose |= function.name.to_string().eq_ignore_ascii_case("nullif");
                    return ControlFlow::Continue(());
                }
                Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
                    let reason = "a query inside an expression has no place here";
                    return ControlFlow::Break(ExpressionError::Invalid(reason.to_owned()));
                }
                _ => return ControlFlow::Continue(()),
            };
            match find(&parts, available) {
                Some(name) => {
                    *node = Expr::Identifier(Ident::with_quote('"', &name));
                    if !columns.contains(&name) {
                        columns.push(name);
                    }
                    ControlFlow::Continue(())
                }
                None => {
                    let name: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
                    ControlFlow::Break(ExpressionError::Absent(name.join(".")))
                }
            }
        });
        match outcome {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(Self {
                sql: tree.to_string(),
                columns,
                nulls_on_purpose,
            }),
        }
    }

    /// The columns that an expression names, as far as they are plain names.
    pub(crate) fn names(text: &str) -> Result<Vec<String>, ExpressionError> {
        let tree = parse(text)?;
        let mut names = Vec::new();
        let _: ControlFlow<()> = visit_expressions(&tree, |node| {
            if let Expr::Identifier(ident) = node {
                names.push(ident.value.clone());
            }
            ControlFlow::Continue(())
        });
        Ok(names)
    }
}

fn parse(text: &str) -> Result<Expr, ExpressionError> {
    let invalid = |reason: String| ExpressionError::Invalid(reason);
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect)
        .try_with_sql(text)
        .map_err(|e| invalid(e.to_string()))?;
    let tree = parser.parse_expr().map_err(|e| invalid(e.to_string()))?;
    match parser.peek_token().token {
        Token::EOF => Ok(tree),
        other => Err(invalid(format!("the expression ends, but {other} follows"))),
    }
}

/// The column that an identifier means.
fn find(parts: &[Ident], available: &[String]) -> Option<String> {
    let (wanted, exact) = match parts {
        [ident] => (ident.value.clone(), ident.quote_style.is_some()),
        [table, ident] if table.value.eq_ignore_ascii_case(CATALOGUE) => (
            format!("{CATALOGUE}.{}", ident.value),
            ident.quote_style.is_some(),
        ),
        _ => return None,
    };
    if available.contains(&wanted) {
        return Some(wanted);
    }
    if exact {
        return None;
    }
    let mut alike = available
        .iter()
        .filter(|name| name.eq_ignore_ascii_case(&wanted));
    match (alike.next(), alike.next()) {
        (Some(name), None) => Some(name.clone()),
        _ => None,
    }
}

/// The name most like a given one, if any is like it at all.
pub(crate) fn nearest<'a>(name: &str, available: &'a [String]) -> Option<&'a str> {
    let plain = |text: &str| -> Vec<char> {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let wanted = plain(name);
    available
        .iter()
        .map(|candidate| (edits(&wanted, &plain(candidate)), candidate.as_str()))
        .min()
        .filter(|(edits, candidate)| edits * 2 < wanted.len().max(candidate.len()))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
