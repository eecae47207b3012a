//! Lists and sentences in words, and text from outside made fit to print.

/// A verdict and, where one is wanted, the colour of its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing to worry about.
    Good,
    /// Worth knowing.
    Fair,
    /// Worth a second look before acting on it.
    Poor,
}

impl Standing {
    /// The name of the style class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
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
pub fn sentence(phrase: &str) -> String {
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
pub fn shown(text: &str, limit: usize) -> String {
    let in_line = |letter: char| if letter == '\n' { '\u{FFFD}' } else { letter };
    let mut kept: String = visible(text).take(limit).map(in_line).collect();
    if text.chars().nth(limit).is_some() {
        kept.push('…');
    }
    kept
}

/// Text from outside with its lines. Characters that have no shape or turn the direction of the
/// text around could hide what it says, so they show as a replacement mark.
pub fn visible(text: &str) -> impl Iterator<Item = char> {
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
pub fn place(url: &str) -> String {
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

/// How many characters of a name are shown.
const NAME_LENGTH: usize = 80;

/// A name from outside, such as that of a segment or a mapping.
pub fn name(text: &str) -> String {
    shown(text, NAME_LENGTH)
}

/// The notes of a run, made fit to print.
pub fn notes(notes: &[String]) -> Vec<String> {
    let shown = |note: &String| sentence(&shown(note, 600));
    notes.iter().map(shown).collect()
}

/// A word of a command line, quoted where a POSIX shell needs it.
pub fn shell_word(word: &str) -> String {
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
