use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ArtifactError;

/// The last file of a run; its presence makes the run exist.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The pointer to the newest run of a job.
pub(crate) const LATEST: &str = "latest.json";
/// The folder of a run that holds intermediate results until the commit.
pub(crate) const WORK: &str = "_work";
/// The file that claims a run's name while the run is being written.
pub(crate) const CLAIM: &str = "_work/claim.json";

const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// The name of a run: `20261121T024312Z-1a2b3c4d`.
///
/// The UTC second the run started, then the first eight hexadecimal digits of
/// the SHA-256 of what it was asked to do (input and parameters), so that two
/// runs of the same question are recognisable. When the name is taken, `-2`,
/// `-3`, … is appended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    pub(crate) fn new(started: DateTime<Utc>, hash_of: &str, attempt: u32) -> Self {
        let hash = hex(&Sha256::digest(hash_of.as_bytes()));
        let stamp = started.format(STAMP);
        let short = &hash[..8];
        Self(match attempt {
            0 | 1 => format!("{stamp}-{short}"),
            n => format!("{stamp}-{short}-{n}"),
        })
    }

    /// Reads a run's name as a user types it.
    ///
    /// # Errors
    /// [`ArtifactError::BadName`] when the text has not the shape of a run's
    /// name; this also keeps `..` and `/` out of every path.
    pub fn parse(text: &str) -> Result<Self, ArtifactError> {
        let bad = || ArtifactError::BadName {
            kind: "run",
            name: text.to_owned(),
            reason: "a run's name looks like 20261121T024312Z-1a2b3c4d",
        };
        let mut parts = text.split('-');
        let (Some(stamp), Some(hash)) = (parts.next(), parts.next()) else {
            return Err(bad());
        };
        let hash_is_hex = hash.len() == 8
            && hash
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let suffix_is_number = match parts.next() {
            None => true,
            Some(n) => n.parse::<u32>().is_ok_and(|v| v >= 2 && n == v.to_string()),
        };
        let stamp_is_time =
            stamp.len() == 16 && NaiveDateTime::parse_from_str(stamp, STAMP).is_ok();
        if stamp_is_time && hash_is_hex && suffix_is_number && parts.next().is_none() {
            Ok(Self(text.to_owned()))
        } else {
            Err(bad())
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What orders runs that started at the same instant: the number after
    /// the hash counts as a number, so that `-10` comes after `-9`.
    pub(crate) fn order(&self) -> (&str, u32) {
        let base = self.0.len().min(25);
        let attempt = self.0[base..].trim_start_matches('-').parse().unwrap_or(1);
        (&self.0[..base], attempt)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Lowercase hexadecimal digits of a digest.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Checks a job's name: one path segment of lowercase letters, digits, `-`
/// and `_`, beginning with a letter.
pub(crate) fn check_job(name: &str) -> Result<(), ArtifactError> {
    let first_is_letter = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest_is_plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
    if first_is_letter && rest_is_plain && name.len() <= 64 {
        Ok(())
    } else {
        Err(ArtifactError::BadName {
            kind: "job",
            name: name.to_owned(),
            reason: "use lowercase letters, digits, - and _, beginning with a letter",
        })
    }
}

/// Checks the name of a file within a run: a relative path whose segments are
/// letters, digits, `.`, `-`, `_` and do not begin with `.` or `_`.
///
/// The first rule keeps every file inside its run on every file system and in
/// every store, the second keeps clear of hidden files and of `_work`.
pub(crate) fn check_file(name: &str) -> Result<(), ArtifactError> {
    let refuse = |reason| {
        Err(ArtifactError::BadName {
            kind: "file",
            name: name.to_owned(),
            reason,
        })
    };
    if name == MANIFEST {
        return refuse("the manifest is written by the commit");
    }
    for segment in name.split('/') {
        if segment.is_empty() {
            return refuse("a path within a run has no empty part");
        }
        if segment.starts_with(['.', '_']) {
            return refuse("no part of it may begin with . or _");
        }
        if segment.len() > 128 {
            return refuse("a part of it is longer than 128 characters");
        }
        if !segment
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        {
            return refuse("use letters, digits, dots, - and _, with / between folders");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_run_is_named_by_its_second_and_the_hash_of_its_question() {
        let id = RunId::new(at("2026-11-21T02:43:12.987Z"), "abc", 1);
        // sha256("abc") = ba7816bf…
        assert_eq!(id.as_str(), "20261121T024312Z-ba7816bf");
        assert_eq!(
            RunId::new(at("2026-11-21T02:43:12Z"), "abc", 3).as_str(),
            "20261121T024312Z-ba7816bf-3"
        );
    }

    #[test]
    fn names_of_runs_are_read_back_and_nothing_else_is() {
        for good in ["20261121T024312Z-ba7816bf", "20261121T024312Z-ba7816bf-12"] {
            assert_eq!(RunId::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "..",
            "latest.json",
            "20261121T024312Z",
            "20261121T024312Z-BA7816BF",
            "20261121T024312Z-ba7816bf-1",
            "20261121T024312Z-ba7816bf-02",
            "20261121T024312Z-ba7816bf-2-3",
            "20261321T024312Z-ba7816bf",
            "20261121T024312Z-ba7816bf/..",
        ] {
            assert!(RunId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_tenth_run_of_a_second_comes_after_the_ninth() {
        let start = at("2026-11-21T02:43:12Z");
        let (ninth, tenth) = (RunId::new(start, "abc", 9), RunId::new(start, "abc", 10));
        assert!(tenth.order() > ninth.order());
        assert!(ninth.order() > RunId::new(start, "abc", 1).order());
    }

    #[test]
    fn files_stay_inside_their_run() {
        for good in [
            "customers.parquet",
            "charts/silhouette.svg",
            "a/b/c.json",
            "A-1_x.csv",
        ] {
            check_file(good).unwrap();
        }
        for bad in [
            "",
            "..",
            "../x",
            "a/../b",
            "/etc/passwd",
            "a//b",
            "a/",
            ".hidden",
            "a/.hidden",
            "_work/x",
            "manifest.json",
            "a\\b",
            "a b",
            "a#1",
            "é.csv",
            "a\0b",
            "c:x",
            "%2e%2e/x",
        ] {
            assert!(check_file(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn jobs_are_one_plain_word() {
        check_job("segmentation").unwrap();
        for bad in [
            "",
            "..",
            "a/b",
            "Segmentation",
            "_work",
            "-x",
            "a b",
            "latest.json",
        ] {
            assert!(check_job(bad).is_err(), "{bad:?}");
        }
    }
}
