//! Rows in and out of a stage, from the numbers that executors report of its finished tasks.

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;

/// Rows of one stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::cluster) struct Rows {
    /// Read from files.
    pub(super) from_sources: u64,
    /// Read from earlier stages.
    pub(super) from_stages: u64,
    /// Handed on.
    pub(in crate::cluster) written: u64,
}

/// Where a stage's root and its inputs sit in the flat list of metrics that executors send.
///
/// They walk the plan from the root down, one entry per operator that has metrics; the scheduler
/// holds the same plan and walks it the same way.
#[derive(Default)]
struct Slots {
    root: Option<usize>,
    sources: Vec<usize>,
    stages: Vec<usize>,
    /// Where rows are packed, many in one, before the root writes them.
    packed: Option<usize>,
    len: usize,
}

/// Where an operator stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    BelowRoot,
    Within,
    /// What is read there is many rows in one.
    Packed,
    BelowScan,
}

impl Place {
    fn is_of_rows(self) -> bool {
        !matches!(self, Self::Packed | Self::BelowScan)
    }
}

impl Slots {
    fn visit(&mut self, plan: &dyn ExecutionPlan, place: Place) {
        // Our scan reads the numbers of its shares from a little scan below it; those are no rows.
        let is_scan = plan.name() == "SourceScanExec";
        let unpacks = plan.name() == "UnpackExec";
        if plan.metrics().is_some() {
            if place == Place::Root {
                self.root = Some(self.len);
            }
            if place == Place::BelowRoot && plan.name() == "PackExec" {
                self.packed = Some(self.len);
            }
            if unpacks || (plan.name() == "ShuffleReaderExec" && place != Place::Packed) {
                self.stages.push(self.len);
            } else if is_scan || (plan.children().is_empty() && place.is_of_rows()) {
                self.sources.push(self.len);
            }
            self.len += 1;
        }
        let below = match place {
            _ if is_scan => Place::BelowScan,
            _ if unpacks => Place::Packed,
            Place::Root => Place::BelowRoot,
            Place::BelowRoot => Place::Within,
            other => other,
        };
        for child in plan.children() {
            self.visit(child.as_ref(), below);
        }
    }
}

/// The rows of a stage with this plan. Zeros where the numbers do not belong to the plan.
pub(in crate::cluster) fn of_stage(plan: &dyn ExecutionPlan, metrics: &[MetricsSet]) -> Rows {
    let mut slots = Slots::default();
    slots.visit(plan, Place::Root);
    if metrics.len() != slots.len {
        return Rows::default();
    }
    let rows = |slot: &usize| metrics[*slot].output_rows().unwrap_or(0) as u64;
    Rows {
        from_sources: slots.sources.iter().map(rows).sum(),
        from_stages: slots.stages.iter().map(rows).sum(),
        written: slots.packed.or(slots.root).as_ref().map_or(0, rows),
    }
}

/// Bytes that operators wrote to disk because they did not fit their memory.
pub(super) fn spilled(metrics: &[MetricsSet]) -> u64 {
    let metrics = metrics.iter().flat_map(MetricsSet::iter);
    let spilled = metrics.filter(|m| matches!(m.value().name(), "spilled_bytes" | "spill_bytes"));
    spilled.map(|metric| metric.value().as_usize() as u64).sum()
}
