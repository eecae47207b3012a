use std::fmt;
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A size in bytes, written as people write memory sizes: `4GB`, `512MiB`,
/// `1.5 GiB`, or a plain number of bytes.
///
/// `kB MB GB TB` are powers of 1000, `KiB MiB GiB TiB` powers of 1024, and the
/// bare `K M G T` of container and Java options are powers of 1024 as there.
/// Case does not matter. Serialised as the number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

/// A text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no size: write a number and a unit, such as 4GB, 512MiB or 1073741824")]
pub struct ByteSizeError {
    text: String,
}

impl ByteSize {
    /// A size of this many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The size in bytes as this machine counts memory; the largest such
    /// number when it does not fit.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || ByteSizeError {
            text: text.to_owned(),
        };
        let trimmed = text.trim();
        let end = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(end);
        let scale: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1000,
            "mb" => 1000_u64.pow(2),
            "gb" => 1000_u64.pow(3),
            "tb" => 1000_u64.pow(4),
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            "t" | "tib" => 1 << 40,
            _ => return Err(refuse()),
        };
        // Whole numbers stay exact over the whole range of u64.
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(scale).map(Self).ok_or_else(refuse);
        }
        let bytes = number.parse::<f64>().map_err(|_| refuse())? * scale as f64;
        if !bytes.is_finite() || bytes >= u64::MAX as f64 {
            return Err(refuse());
        }
        Ok(Self(bytes.round() as u64))
    }
}

impl fmt::Display for ByteSize {
    /// In the largest unit that divides it, so that it reads back exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let largest_first = [
            (1 << 40, "TiB"),
            (1000_u64.pow(4), "TB"),
            (1 << 30, "GiB"),
            (1000_u64.pow(3), "GB"),
            (1 << 20, "MiB"),
            (1000_u64.pow(2), "MB"),
            (1 << 10, "KiB"),
            (1000, "kB"),
        ];
        for (scale, unit) in largest_first {
            if self.0 >= scale && self.0.is_multiple_of(scale) {
                return write!(f, "{}{unit}", self.0 / scale);
            }
        }
        write!(f, "{}B", self.0)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as 4GB, 512MiB or a number of bytes")
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
                Ok(ByteSize(bytes))
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                let negative = |_| E::invalid_value(de::Unexpected::Signed(bytes), &self);
                u64::try_from(bytes).map(ByteSize).map_err(negative)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("4GB", 4_000_000_000),
            ("512MiB", 512 << 20),
            ("1.5 GiB", 3 << 29),
            ("2g", 2 << 30),
            ("100kb", 100_000),
            ("64K", 64 << 10),
            ("1tb", 1_000_000_000_000),
            ("0", 0),
            ("123", 123),
            (" 7 B ", 7),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap().bytes(), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_by_name() {
        for text in [
            "",
            "GB",
            "-1GB",
            "4 GBs",
            "four",
            "1e9",
            "1.2.3MB",
            "99999999TB",
            "inf",
        ] {
            let error = text.parse::<ByteSize>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn a_size_is_shown_so_that_it_reads_back() {
        for bytes in [
            0,
            1,
            999,
            1000,
            1024,
            1 << 30,
            4_000_000_000,
            1_234_567,
            u64::MAX,
        ] {
            let shown = ByteSize::new(bytes).to_string();
            assert_eq!(shown.parse::<ByteSize>().unwrap().bytes(), bytes, "{shown}");
        }
        assert_eq!(ByteSize::new(512 << 20).to_string(), "512MiB");
        assert_eq!(ByteSize::new(4_000_000_000).to_string(), "4GB");
    }
}
