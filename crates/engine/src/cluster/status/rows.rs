//! Rows in and out of a stage, from the numbers that executors report of its finished tasks.

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;

/// Rows of one stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rows {
    /// Read from files.
    pub(super) from_sources: u64,
    /// Read from earlier stages.
    pub(super) from_stages: u64,
    /// Handed on.
    pub(super) written: u64,
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
    len: usize,
}

impl Slots {
    fn visit(&mut self, plan: &dyn ExecutionPlan, is_root: bool, below_scan: bool) {
        // Our scan reads the numbers of its shares from a little scan below it; those are no rows.
        let is_scan = plan.name() == "SourceScanExec";
        if plan.metrics().is_some() {
            if is_root {
                self.root = Some(self.len);
            }
            if plan.name() == "ShuffleReaderExec" {
                self.stages.push(self.len);
            } else if is_scan || (plan.children().is_empty() && !below_scan) {
                self.sources.push(self.len);
            }
            self.len += 1;
        }
        for child in plan.children() {
            self.visit(child.as_ref(), false, below_scan || is_scan);
        }
    }
}

/// The rows of a stage with this plan. Zeros where the numbers do not belong to the plan.
pub(super) fn of_stage(plan: &dyn ExecutionPlan, metrics: &[MetricsSet]) -> Rows {
    let mut slots = Slots::default();
    slots.visit(plan, true, false);
    if metrics.len() != slots.len {
        return Rows::default();
    }
    let rows = |slot: &usize| metrics[*slot].output_rows().unwrap_or(0) as u64;
    Rows {
        from_sources: slots.sources.iter().map(rows).sum(),
        from_stages: slots.stages.iter().map(rows).sum(),
        written: slots.root.as_ref().map_or(0, rows),
    }
}

/// Bytes that operators wrote to disk because they did not fit their memory.
pub(super) fn spilled(metrics: &[MetricsSet]) -> u64 {
    let metrics = metrics.iter().flat_map(MetricsSet::iter);
    let spilled = metrics.filter(|m| matches!(m.value().name(), "spilled_bytes" | "spill_bytes"));
    spilled.map(|metric| metric.value().as_usize() as u64).sum()
}
