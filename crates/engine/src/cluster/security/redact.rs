//! Secrets are taken out of what is shown: answers, log lines.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// What stands in place of a secret.
const HIDDEN: &str = "[redacted]";

/// A name that ends in one of these says that its value is nobody's business.
static NAMES: &str = "key|secret|token|password|passwd|credential|credentials|signature|sig";

/// A name, what parts it from its value, and the value: in quotes of any kind (in JSON within a text
/// they come with backslashes, in HTML by their names), or up to what ends a word.
static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
    let name = format!(r#"[\w.-]*(?:{NAMES})(?:_id)?(?:\\*["']|&#?\w+;)?"#);
    let quoted = r#"(\\*")(?:[^"\\]|\\+[^"\\])*"#;
    let in_html = "(&#3[49];|&#x2[27];|&quot;|&apos;)[^&]*";
    let word = r#"('?)[^\s"'&,;<>(){}\[\]\\]+"#;
    constant(&format!(
        r"(?i)({name}\s*(?:=>|[=:])\s*(?:Some\()?)(?:{quoted}|{in_html}|{word})"
    ))
});

static BASIC: LazyLock<Regex> =
    LazyLock::new(|| constant(r#"(?i)(authorization[\\"']*\s*[:=]\s*[\\"']*basic )[\w+/=-]+"#));

static BEARER: LazyLock<Regex> = LazyLock::new(|| constant(r"(?i)(bearer[ /])[\w.~+/=-]+"));

static USER_INFO: LazyLock<Regex> = LazyLock::new(|| constant(r"(://)[^/@\s]+@"));

#[expect(clippy::expect_used, reason = "see inside")]
fn constant(pattern: &str) -> Regex {
    // Cannot fail: the patterns above depend on nothing, and the test of `redact`, which goes through
    // all of them on every text, would find one that does not compile.
    Regex::new(pattern).expect("a constant pattern compiles")
}

/// The text without the secrets in it: values of names such as `…secret=` or
/// `…token:`, bearer tokens, user and password in URLs, signatures of signed
/// URLs. Costs a scan where there is none.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for (pattern, by) in [
        (&BEARER, "${1}[redacted]"),
        (&BASIC, "${1}[redacted]"),
        (&USER_INFO, "${1}[redacted]@"),
        (&ASSIGNED, "${1}${2}${3}${4}[redacted]"),
    ] {
        if let Cow::Owned(changed) = pattern.replace_all(&text, by) {
            text = Cow::Owned(changed);
        }
    }
    text
}

/// Whether a setting of this name holds a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "secret", "token", "password", "credential"]
        .iter()
        .any(|word| name.contains(word))
}

/// Takes secrets out of a JSON answer: whole values by their name, and what
/// [`redact`] finds in texts.
pub(crate) fn redact_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(changed) = redact(text) {
                *text = changed;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact_json),
        Value::Object(entries) => {
            for (name, value) in entries {
                if is_secret(name) && value.as_str().is_some_and(|text| !text.is_empty()) {
                    *value = Value::from(HIDDEN);
                } else {
                    redact_json(value);
                }
            }
        }
        _ => {}
    }
}

/// A writer of log lines that takes secrets out of them. A line must come in
/// one piece, as `tracing` writes it.
#[derive(Debug)]
pub struct Redacting<W>(pub W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match redact(&String::from_utf8_lossy(line)) {
            Cow::Borrowed(_) => self.0.write_all(line)?,
            Cow::Owned(changed) => self.0.write_all(changed.as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_taken_out_of_texts_and_the_rest_stays() {
        for (text, clean) in [
            (
                "s3.secret_access_key=abc123 x",
                "s3.secret_access_key=[redacted] x",
            ),
            (
                "\"aws_access_key_id\": \"AKIA1\"",
                "\"aws_access_key_id\": \"[redacted]\"",
            ),
            ("get https://u:pw@host/a", "get https://[redacted]@host/a"),
            (
                "https://h/a?X-Amz-Signature=ff00&X-Amz-Date=1",
                "https://h/a?X-Amz-Signature=[redacted]&X-Amz-Date=1",
            ),
            (
                "Authorization: Bearer abc.def",
                "Authorization: Bearer [redacted]",
            ),
            (
                "clientele bearer/abc tonic/1",
                "clientele bearer/[redacted] tonic/1",
            ),
            ("PASSWORD = hunter2;", "PASSWORD = [redacted];"),
            (
                "password: \"a b c\", n: 1",
                "password: \"[redacted]\", n: 1",
            ),
            ("token: Some(\"abc\"), x", "token: Some(\"[redacted]\"), x"),
            ("token: 'abc' x", "token: '[redacted]' x"),
            (
                "authorization: Basic dTpw",
                "authorization: Basic [redacted]",
            ),
            // Within a line of JSON, and twice within.
            (
                r#"{"error":"{\"secret_access_key\":\"abc\", token: \"d\"}"}"#,
                r#"{"error":"{\"secret_access_key\":\"[redacted]\", token: \"[redacted]\"}"}"#,
            ),
            (r#"token: \\\"abc\\\" x"#, r#"token: \\\"[redacted]\\\" x"#),
            // On a page.
            (
                "token: &#34;abc&#34;, sig=ab&amp;x=1",
                "token: &#34;[redacted]&#34;, sig=[redacted]&amp;x=1",
            ),
            (
                "{&quot;password&quot;: &quot;a b&quot;}",
                "{&quot;password&quot;: &quot;[redacted]&quot;}",
            ),
        ] {
            assert_eq!(redact(text), clean);
        }
        for plain in [
            "14 tasks of user_id = 3",
            "a@b.com",
            "monkeys: 3 eat",
            "keys",
        ] {
            assert_eq!(redact(plain), plain);
        }
    }

    #[test]
    fn secrets_are_taken_out_of_json() {
        let mut value = json!({
            "s3.secret_access_key": "abc", "credentials": {"user": "u", "token": "t"},
            "plan": ["scan https://u:p@h/x", 7], "keys": 3, "password": "",
        });
        redact_json(&mut value);
        let clean = json!({
            "s3.secret_access_key": HIDDEN, "credentials": {"user": "u", "token": HIDDEN},
            "plan": ["scan https://[redacted]@h/x", 7], "keys": 3, "password": "",
        });
        assert_eq!(value, clean);
    }

    #[test]
    fn log_lines_are_cleaned() {
        let mut lines = Vec::new();
        let mut writer = Redacting(&mut lines);
        writer.write_all(b"INFO token=abc\n").unwrap();
        writer.write_all(b"INFO fine\n").unwrap();
        assert_eq!(lines, b"INFO token=[redacted]\nINFO fine\n");
    }
}
