//! One SQL text and the splicing of its parts.

use std::collections::BTreeSet;

/// One SQL text: a single `select` without a final semicolon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// The name of the relation, which is also the name of its file.
    pub name: &'static str,
    /// The text as it stands in the file.
    pub text: &'static str,
}

/// Why a text could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The text has a `{{part}}` that was not given.
    #[error("query {query} needs the part {{{{{part}}}}}, which was not given")]
    MissingPart {
        /// The query.
        query: &'static str,
        /// The part it needs.
        part: String,
    },
    /// A part was given that the text does not have, or that was given twice.
    #[error("query {query} has no use for the part {{{{{part}}}}}: unknown, or given twice")]
    UnknownPart {
        /// The query.
        query: &'static str,
        /// The part that was given.
        part: String,
    },
    /// A `{{` has no `}}`.
    #[error("query {query} has a {{{{ that is never closed")]
    Unclosed {
        /// The query.
        query: &'static str,
    },
}

impl Query {
    /// The text with each `{{name}}` replaced by the part of that name.
    ///
    /// Parts are SQL (expressions, lists of columns, table names) and come from this project's
    /// files or from a mapping; values are bound by the engine instead. The text is read once from
    /// left to right: braces inside a part are not looked at again.
    ///
    /// # Errors
    ///
    /// [`SqlError`] when a part is missing, unknown or given twice.
    pub fn render(&self, parts: &[(&str, &str)]) -> Result<String, SqlError> {
        let mut rendered = String::with_capacity(self.text.len());
        let mut unused: BTreeSet<&str> = BTreeSet::new();
        for (name, _) in parts {
            if !unused.insert(name) {
                return Err(self.unknown(name));
            }
        }
        let mut rest = self.text;
        while let Some((before, after)) = rest.split_once("{{") {
            rendered.push_str(before);
            let (name, after) = after
                .split_once("}}")
                .ok_or(SqlError::Unclosed { query: self.name })?;
            let name = name.trim();
            let (_, part) = parts
                .iter()
                .find(|(given, _)| *given == name)
                .ok_or_else(|| SqlError::MissingPart {
                    query: self.name,
                    part: name.to_owned(),
                })?;
            rendered.push_str(part);
            unused.remove(name);
            rest = after;
        }
        rendered.push_str(rest);
        match unused.first() {
            Some(name) => Err(self.unknown(name)),
            None => Ok(rendered),
        }
    }

    fn unknown(&self, part: &str) -> SqlError {
        SqlError::UnknownPart {
            query: self.name,
            part: part.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: Query = Query {
        name: "rows",
        text: "select {{price}} as price from {{source}} -- {{ price }}",
    };

    #[test]
    fn every_part_is_replaced_wherever_it_stands() {
        let text = QUERY
            .render(&[("price", "a * 2"), ("source", "t")])
            .unwrap();
        assert_eq!(text, "select a * 2 as price from t -- a * 2");
    }

    #[test]
    fn braces_inside_a_part_are_left_alone() {
        let text = QUERY
            .render(&[("price", "'{{source}}'"), ("source", "t")])
            .unwrap();
        assert_eq!(text, "select '{{source}}' as price from t -- '{{source}}'");
    }

    #[test]
    fn a_missing_an_unknown_and_a_repeated_part_are_errors() {
        let missing = QUERY.render(&[("price", "1")]).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "query rows needs the part {{source}}, which was not given"
        );
        let unknown = QUERY
            .render(&[("price", "1"), ("source", "t"), ("qty", "1")])
            .unwrap_err();
        assert_eq!(
            unknown,
            SqlError::UnknownPart {
                query: "rows",
                part: "qty".to_owned()
            }
        );
        let twice = QUERY
            .render(&[("price", "1"), ("source", "t"), ("price", "2")])
            .unwrap_err();
        assert_eq!(
            twice,
            SqlError::UnknownPart {
                query: "rows",
                part: "price".to_owned()
            }
        );
    }

    #[test]
    fn an_open_brace_is_an_error() {
        let query = Query {
            name: "rows",
            text: "select {{price",
        };
        assert_eq!(
            query.render(&[("price", "1")]),
            Err(SqlError::Unclosed { query: "rows" })
        );
    }
}
