//! How much memory there is, and the pool that keeps operators within a limit.

mod split;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use datafusion::execution::memory_pool::{MemoryPool, TrackConsumersPool};

use split::SplitPool;

/// Share of the available memory that operators may hold. The rest is for what
/// they do not account for: decoded batches in flight, dictionaries, the
/// allocator.
const DEFAULT_FRACTION: f64 = 0.7;

/// Assumed when the system does not tell: 4 GiB.
const FALLBACK_TOTAL_BYTES: usize = 4 << 30;

/// Memory this process may use, in bytes: the smaller of the machine's and the
/// cgroup's, or `None` when the system tells neither.
pub fn total_memory_bytes() -> Option<usize> {
    let machine = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| meminfo(&text));
    let cgroup = cgroup_limit(Path::new("/sys/fs/cgroup"));
    match (machine, cgroup) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The limit used when none is given: 70 % of [`total_memory_bytes`].
pub fn default_memory_limit_bytes() -> usize {
    let total = total_memory_bytes().unwrap_or_else(|| {
        tracing::warn!(
            assumed_bytes = FALLBACK_TOTAL_BYTES,
            "the system does not tell how much memory there is"
        );
        FALLBACK_TOTAL_BYTES
    });
    (total as f64 * DEFAULT_FRACTION) as usize
}

/// A pool of `limit_bytes` shared fairly between operators that can spill, with a part kept for
/// those that cannot; its refusals name the operators that hold most.
pub(crate) fn pool(limit_bytes: usize) -> Arc<dyn MemoryPool> {
    const NAMED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2);
    Arc::new(TrackConsumersPool::new(SplitPool::new(limit_bytes), NAMED))
}

/// `5.6 GiB`, `300 MiB`.
pub(crate) fn in_words(bytes: usize) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    let mib = bytes as f64 / MIB;
    if mib >= 1024.0 {
        format!("{:.1} GiB", mib / 1024.0)
    } else {
        format!("{mib:.0} MiB")
    }
}

/// The bytes of a size as people write it: `8GiB`, `8 GB`, `512m`, `1048576`.
/// `k`, `kB`, `KiB` and so on are all powers of 1024; fractions are allowed.
pub fn parse_bytes(text: &str) -> Result<usize, String> {
    let malformed = || format!("{text:?} is no size; write for example 8GiB or 512MiB");
    let trimmed = text.trim();
    let digits = trimmed
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let number: f64 = number.parse().map_err(|_| malformed())?;
    let power = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return Err(malformed()),
    };
    let bytes = number * 1024_f64.powi(power);
    // Above 2^53 a size is a slip of the keyboard.
    if bytes < 9e15 {
        Ok(bytes as usize)
    } else {
        Err(malformed())
    }
}

fn meminfo(text: &str) -> Option<usize> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The limit of cgroup v2 (`memory.max`) or v1; `None` when there is none. Where
/// v1 has no limit it says a number near 2^63, which the caller's minimum with
/// the machine's memory removes.
fn cgroup_limit(root: &Path) -> Option<usize> {
    let v2 = std::fs::read_to_string(root.join("memory.max"));
    let v1 = || std::fs::read_to_string(root.join("memory/memory.limit_in_bytes"));
    v2.or_else(|_| v1()).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_total_is_read_from_meminfo() {
        assert_eq!(
            meminfo("MemTotal:       24000 kB\nMemFree: 1 kB\n"),
            Some(24_000 * 1024)
        );
        assert_eq!(meminfo("MemFree: 1 kB\n"), None);
    }

    #[test]
    fn an_unlimited_cgroup_is_no_limit() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(cgroup_limit(folder.path()), None);
        std::fs::write(folder.path().join("memory.max"), "max\n").unwrap();
        assert_eq!(cgroup_limit(folder.path()), None);
        std::fs::write(folder.path().join("memory.max"), "1048576\n").unwrap();
        assert_eq!(cgroup_limit(folder.path()), Some(1_048_576));
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for text in [
            "1073741824",
            "1GiB",
            "1 gb",
            "1g",
            "1024MiB",
            "1048576k",
            " 1G ",
        ] {
            assert_eq!(parse_bytes(text), Ok(1 << 30), "{text}");
        }
        assert_eq!(parse_bytes("1.5GiB"), Ok(3 << 29));
        for text in ["", "GiB", "-1", "1 potato", "1e9", "9999999T", "1.2.3"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_read_well() {
        assert_eq!(in_words(300 << 20), "300 MiB");
        assert_eq!(in_words(6 << 30), "6.0 GiB");
    }
}
