//! Verdicts in words, with the bounds they rest on, and text from outside made fit to print.

/// A verdict and, where one is wanted, the colour of its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing to worry about.
    Good,
    /// Worth knowing.
    Fair,
    /// Worth a second look before acting on it.
    Poor,
}

impl Standing {
    /// The name of the style class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
        }
    }
}

/// How clearly customers fall into clusters, by the bounds of Kaufman and Rousseeuw (1990): above
/// 0.70 strong, above 0.50 reasonable, above 0.25 weak. They were made for plain distances; squared
/// ones read higher.
pub(super) fn silhouette(score: f64) -> (&'static str, Standing) {
    match score {
        score if score > 0.70 => ("clearly separate groups", Standing::Good),
        score if score > 0.50 => ("groups that can be told apart", Standing::Good),
        score if score > 0.25 => ("overlapping groups", Standing::Fair),
        _ => ("hardly any separate groups", Standing::Poor),
    }
}

/// Whether clusters come back when the customers are drawn anew, by the bounds Hennig (2007)
/// gives for the Jaccard index of resampled clusters, used for the adjusted Rand index here: from
/// 0.85 stable, from 0.60 a pattern with uncertain edges.
pub(super) fn stability(mean_index: f64) -> (&'static str, Standing) {
    match mean_index {
        index if index >= 0.85 => ("stable", Standing::Good),
        index if index >= 0.60 => ("roughly the same, with uncertain edges", Standing::Fair),
        _ => ("doubtful", Standing::Poor),
    }
}

/// How strongly two groupings depend on each other, by the rule of thumb for Cramér's V (Cohen
/// 1988): from 0.1 weak, from 0.3 moderate, from 0.5 strong. Mutual information uses the same.
pub(super) fn association(value: f64) -> &'static str {
    match value {
        value if value >= 0.5 => "strong",
        value if value >= 0.3 => "moderate",
        value if value >= 0.1 => "weak",
        _ => "negligible",
    }
}

/// How far a cluster is from the average, given standard deviations; none below a quarter of one.
pub(super) fn distance_from_average(z: f64) -> Option<String> {
    let how = match z.abs() {
        size if size >= 1.5 => "far",
        size if size >= 0.75 => "clearly",
        size if size >= 0.25 => "somewhat",
        _ => return None,
    };
    Some(format!(
        "{how} {} average",
        if z > 0.0 { "above" } else { "below" }
    ))
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// A sentence begins with a capital and ends with a full stop.
pub(super) fn sentence(phrase: &str) -> String {
    let phrase = phrase.trim();
    let mut letters = phrase.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let stop = if phrase.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    first
        .to_uppercase()
        .chain(letters)
        .chain(stop.chars())
        .collect()
}

/// Text from outside (names, ids, lines of a file) in one line with at most `limit` characters, all
/// of them [`visible`]. Escaping for HTML is left to the template.
pub(super) fn shown(text: &str, limit: usize) -> String {
    let in_line = |letter: char| if letter == '\n' { '\u{FFFD}' } else { letter };
    let mut kept: String = visible(text).take(limit).map(in_line).collect();
    if text.chars().nth(limit).is_some() {
        kept.push('…');
    }
    kept
}

/// Text from outside with its lines. Characters that have no shape or turn the direction of the
/// text around could hide what it says, so they show as a replacement mark.
pub(super) fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|letter| match letter {
        '\n' => '\n',
        '\t' => ' ',
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => '\u{FFFD}',
        '\u{061C}' | '\u{FEFF}' => '\u{FFFD}',
        letter if letter.is_control() => '\u{FFFD}',
        letter => letter,
    })
}

/// The place of a file, without what may be secret in it: the user and password of a URL, and its
/// query, which may be a signature.
pub(super) fn place(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return shown(url, PLACE_LENGTH);
    };
    if scheme == "file" {
        return shown(rest, PLACE_LENGTH);
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    shown(&format!("{scheme}://{host}{path}"), PLACE_LENGTH)
}

const PLACE_LENGTH: usize = 300;

/// A word of a command line, quoted where a POSIX shell needs it.
pub(super) fn shell_word(word: &str) -> String {
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || "._-/:=,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(harmless) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_change_at_their_bounds() {
        assert_eq!(silhouette(0.71).0, "clearly separate groups");
        assert_eq!(silhouette(0.70).0, "groups that can be told apart");
        assert_eq!(silhouette(0.5), ("overlapping groups", Standing::Fair));
        assert_eq!(silhouette(0.25).1, Standing::Poor);
        assert_eq!(silhouette(f64::NAN).1, Standing::Poor);
        assert_eq!(stability(0.85), ("stable", Standing::Good));
        assert_eq!(stability(0.849).1, Standing::Fair);
        assert_eq!(stability(0.599), ("doubtful", Standing::Poor));
        let verdicts = [0.5, 0.499, 0.1, 0.099].map(association);
        assert_eq!(verdicts, ["strong", "moderate", "weak", "negligible"]);
    }

    #[test]
    fn a_small_deviation_is_not_worth_a_word() {
        assert_eq!(distance_from_average(0.24), None);
        assert_eq!(
            distance_from_average(-0.25).unwrap(),
            "somewhat below average"
        );
        assert_eq!(
            distance_from_average(0.75).unwrap(),
            "clearly above average"
        );
        assert_eq!(distance_from_average(-9.0).unwrap(), "far below average");
    }

    #[test]
    fn lists_and_sentences_read_as_english() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(sentence("best of three"), "Best of three.");
        assert_eq!(sentence("Really?"), "Really?");
        assert_eq!(sentence(" "), "");
    }

    #[test]
    fn text_from_outside_cannot_hide_anything() {
        assert_eq!(shown("a\0b\nc\td", 20), "a\u{FFFD}b\u{FFFD}c d");
        assert_eq!(shown("evil\u{202E}txt", 20), "evil\u{FFFD}txt");
        assert_eq!(shown("äöü", 2), "äö…");
        assert_eq!(shown("äöü", 3), "äöü");
    }

    #[test]
    fn a_place_tells_no_secrets() {
        assert_eq!(place("/data/a b.csv"), "/data/a b.csv");
        assert_eq!(place("file:///data/a.csv"), "/data/a.csv");
        assert_eq!(place("s3://shop/2019/*.csv"), "s3://shop/2019/*.csv");
        assert_eq!(
            place("https://me:pw@host/a@b.csv?sig=1#x"),
            "https://host/a@b.csv"
        );
        assert_eq!(place("https://me:pw@host"), "https://host");
    }

    #[test]
    fn words_are_quoted_for_the_shell_where_needed() {
        assert_eq!(shell_word("s3://shop/a.csv"), "s3://shop/a.csv");
        assert_eq!(shell_word("it's $(x)"), r"'it'\''s $(x)'");
        assert_eq!(shell_word(""), "''");
    }
}
