//! Bearer tokens: who holds which rights. A daemon knows hashes alone.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::ClusterError;

/// Shorter tokens could be guessed.
const SHORTEST: usize = 16;
/// Longer ones would not fit a header.
const LONGEST: usize = 1024;
/// A file of tokens or of one token is no bigger than this.
const LARGEST_FILE: u64 = 1 << 20;

/// What the holder of a token may do; each right includes those above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Right {
    /// Look at the cluster and its jobs.
    Read,
    /// Run and cancel jobs, fetch their results.
    Submit,
    /// Everything.
    Admin,
}

/// A token that is accepted.
pub(crate) struct Token {
    /// For logs.
    pub(crate) name: String,
    /// The highest of its rights.
    pub(crate) right: Right,
    hash: [u8; 32],
}

/// All tokens that are accepted.
pub(crate) struct Tokens(Vec<Token>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    #[serde(default)]
    token: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: String,
    rights: Vec<Right>,
}

impl Tokens {
    /// Reads `[[token]]` entries of `name`, `sha256` and `rights`.
    pub(crate) fn load(path: &Path) -> Result<Self, ClusterError> {
        let wrong = |reason: String| {
            ClusterError::Parameters(format!("the tokens of {}: {reason}", path.display()))
        };
        let text = read_private(path)?;
        // The parser's message would quote the file.
        let listed: Listed = toml::from_str(&text).map_err(|e| wrong(e.message().to_owned()))?;
        if listed.token.is_empty() {
            return Err(wrong("there are none; add [[token]] entries".to_owned()));
        }
        let tokens = listed.token.into_iter().map(|entry| {
            let name = entry.name;
            let hash = from_hex(&entry.sha256)
                .ok_or_else(|| wrong(format!("sha256 of {name:?} is not 64 hexadecimal digits")))?;
            let right = entry.rights.into_iter().max();
            let right = right.ok_or_else(|| wrong(format!("{name:?} has no rights")))?;
            Ok(Token { name, right, hash })
        });
        tokens.collect::<Result<_, _>>().map(Self)
    }

    /// The token, if it is accepted. Takes the same time for every token given.
    pub(crate) fn find(&self, given: &str) -> Option<&Token> {
        let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
        let mut found = None;
        for token in &self.0 {
            if bool::from(token.hash.ct_eq(&given)) {
                found = Some(token);
            }
        }
        found
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|t| (&t.name, t.right)))
            .finish()
    }
}

/// A token in clear. It shows itself to nobody by accident.
pub(crate) struct Secret(String);

impl Secret {
    /// The token, to be sent and not kept.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The token in a file, without the line end after it.
pub(crate) fn read_secret(path: &Path) -> Result<Secret, ClusterError> {
    let text = read_private(path)?;
    let token = text.trim();
    let plain = token.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
    if !plain || !(SHORTEST..=LONGEST).contains(&token.len()) {
        return Err(ClusterError::Parameters(format!(
            "{} holds no token: one line of {SHORTEST} to {LONGEST} letters, digits and signs \
             is expected",
            path.display()
        )));
    }
    Ok(Secret(token.to_owned()))
}

/// Reads a file that nobody but owner and group may read, as a key is kept.
pub(crate) fn read_private(path: &Path) -> Result<String, ClusterError> {
    let failed = |reason: String| {
        ClusterError::Parameters(format!("cannot read {}: {reason}", path.display()))
    };
    let file = File::open(path).map_err(|e| failed(e.to_string()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Of the file that was opened, not of one that took its place.
        let mode = file
            .metadata()
            .map_err(|e| failed(e.to_string()))?
            .permissions()
            .mode();
        if mode & 0o007 != 0 {
            return Err(failed(format!(
                "everybody on this machine may read it (mode {:o}); chmod o-rwx it (in \
                 Kubernetes: defaultMode 0440 and fsGroup)",
                mode & 0o777
            )));
        }
    }
    let mut text = String::new();
    file.take(LARGEST_FILE)
        .read_to_string(&mut text)
        .map_err(|e| failed(e.to_string()))?;
    Ok(text)
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16);
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(folder: &Path, name: &str, text: &str, mode: u32) -> std::path::PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn entry(name: &str, token: &str, rights: &str) -> String {
        let hash = Sha256::digest(token.as_bytes());
        let hash: String = hash.iter().map(|b| format!("{b:02x}")).collect();
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{hash}\"\nrights = [{rights}]\n")
    }

    #[test]
    fn a_token_is_known_by_its_hash_and_holds_its_highest_right() {
        let folder = tempfile::tempdir().unwrap();
        let text = entry("look", "looking-around-only", "\"read\"")
            + &entry("boss", "the-boss-of-it-all", "\"admin\", \"read\"");
        let tokens = Tokens::load(&file(folder.path(), "t", &text, 0o640)).unwrap();
        assert_eq!(
            tokens.find("looking-around-only").unwrap().right,
            Right::Read
        );
        let boss = tokens.find("the-boss-of-it-all").unwrap();
        assert_eq!((boss.right, boss.name.as_str()), (Right::Admin, "boss"));
        assert!(tokens.find("the-boss-of-it-al").is_none() && tokens.find("").is_none());
        assert!(!format!("{tokens:?}").contains("hash"));
    }

    #[test]
    fn a_file_that_everybody_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let open = file(folder.path(), "open", "0123456789abcdef-secret\n", 0o644);
        let said = read_secret(&open).unwrap_err().to_string();
        assert!(said.contains("chmod") && !said.contains("abcdef"), "{said}");
        let closed = file(folder.path(), "closed", "0123456789abcdef-secret\n", 0o600);
        let secret = read_secret(&closed).unwrap();
        assert_eq!(secret.reveal(), "0123456789abcdef-secret");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn what_is_no_token_is_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "short",
            "two words of a pass phrase",
            "",
            "quote\"quote\"quote",
        ] {
            let path = file(folder.path(), "t", text, 0o600);
            let said = read_secret(&path).unwrap_err().to_string();
            assert!(text.is_empty() || !said.contains(text), "{said}");
        }
        for (text, why) in [
            ("", "there are none"),
            (
                "[[token]]\nname=\"a\"\nsha256=\"zz\"\nrights=[\"read\"]",
                "64",
            ),
            (
                "[[token]]\nname=\"a\"\nsha256=\"zz\"\nrights=[\"write\"]",
                "unknown variant",
            ),
            ("token = planted-secret-in-a-wrong-place", ""),
        ] {
            let path = file(folder.path(), "t", text, 0o600);
            let said = Tokens::load(&path).unwrap_err().to_string();
            assert!(said.contains(why) && !said.contains("planted"), "{said}");
        }
    }
}
