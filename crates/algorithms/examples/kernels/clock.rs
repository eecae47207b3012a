//! Time of the process and of the clock.

use std::time::Instant;

/// Begins when it is made.
pub(crate) struct Clock {
    cpu: Option<f64>,
    wall: Instant,
}

/// Seconds of work.
#[derive(Clone, Copy)]
pub(crate) struct Spent {
    /// By the clock.
    pub(crate) wall: f64,
    /// Of all threads together; those of the clock where the system does not tell.
    pub(crate) cpu: f64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            cpu: cpu_seconds(),
            wall: Instant::now(),
        }
    }

    pub(crate) fn spent(&self) -> Spent {
        let wall = self.wall.elapsed().as_secs_f64();
        let cpu = cpu_seconds().zip(self.cpu).map(|(now, then)| now - then);
        Spent {
            wall,
            cpu: cpu.unwrap_or(wall),
        }
    }
}

/// CPU time of this process so far, where the system tells it in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields = stat.rsplit_once(')')?.1.split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).flat_map(str::parse).collect();
    (ticks.len() == 2).then(|| (ticks[0] + ticks[1]) / 100.0)
}

/// The middle one; the upper middle one of an even number.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
