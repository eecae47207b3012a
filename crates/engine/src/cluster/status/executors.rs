//! The executors, as the scheduler knows them.

use std::collections::HashMap;

use ballista_core::serde::protobuf::executor_metric::Metric;
use ballista_core::serde::protobuf::executor_status::Status;
use ballista_core::serde::protobuf::{ExecutorHeartbeat, ExecutorMetric};
use ballista_core::serde::scheduler::ExecutorMetadata;
use chrono::{DateTime, TimeDelta, Utc};

use super::job::time_of;
use super::model::{ExecutorState, ExecutorStatus, Vcores};

/// What is known of one executor; `busy` are the vcores its tasks hold.
pub(super) fn status(
    metadata: ExecutorMetadata,
    heartbeat: Option<&ExecutorHeartbeat>,
    busy: u32,
    now: DateTime<Utc>,
    timeout_seconds: u64,
) -> ExecutorStatus {
    let last = heartbeat.and_then(|beat| time_of(beat.timestamp.saturating_mul(1000)));
    let timeout = TimeDelta::seconds(i64::try_from(timeout_seconds).unwrap_or(i64::MAX / 1000));
    let leaving = heartbeat
        .and_then(|beat| beat.status.as_ref()?.status.as_ref())
        .is_some_and(|status| !matches!(status, Status::Active(_)));
    let state = match last {
        Some(last) if now - last > timeout => ExecutorState::Silent,
        None => ExecutorState::Silent,
        Some(_) if leaving => ExecutorState::Leaving,
        Some(_) => ExecutorState::Active,
    };
    let metrics = heartbeat.map_or(&[][..], |beat| beat.metrics.as_slice());
    ExecutorStatus {
        id: metadata.id,
        host: metadata.host,
        port: metadata.port,
        state,
        vcores: Vcores {
            total: metadata.specification.vcores,
            busy: busy.min(metadata.specification.vcores),
        },
        memory_bytes: metrics.iter().find_map(resident),
        peak_memory_bytes: heartbeat
            .map(|beat| beat.peak_proc_physical_memory)
            .filter(|&bytes| bytes > 0),
        last_heartbeat: last,
    }
}

fn resident(metric: &ExecutorMetric) -> Option<u64> {
    match metric.metric {
        Some(Metric::ProcPhysicalMemory(bytes)) => Some(bytes),
        _ => None,
    }
}

/// The vcores of executors that take work.
pub(crate) fn active_vcores(executors: &[ExecutorStatus]) -> Vcores {
    let active = executors
        .iter()
        .filter(|executor| executor.state == ExecutorState::Active);
    active.fold(Vcores::default(), |sum, executor| Vcores {
        total: sum.total + executor.vcores.total,
        busy: sum.busy + executor.vcores.busy,
    })
}

/// Vcores held by running tasks, by executor.
pub(super) type Busy = HashMap<String, u32>;

#[cfg(test)]
mod tests {
    use ballista_core::serde::protobuf::ExecutorStatus as Beat;

    use super::*;

    fn beat(timestamp: u64, status: Status) -> ExecutorHeartbeat {
        ExecutorHeartbeat {
            timestamp,
            status: Some(Beat {
                status: Some(status),
            }),
            metrics: vec![ExecutorMetric {
                metric: Some(Metric::ProcPhysicalMemory(7)),
            }],
            ..Default::default()
        }
    }

    #[test]
    fn an_executor_is_active_until_it_leaves_or_falls_silent() {
        let now = time_of(100_000).unwrap();
        let metadata = ExecutorMetadata {
            id: "e".to_owned(),
            host: "h".to_owned(),
            port: 1,
            grpc_port: 2,
            specification: Default::default(),
            os_info: Default::default(),
        };
        let state = |beat: Option<&ExecutorHeartbeat>| status(metadata.clone(), beat, 9, now, 20);
        let active = state(Some(&beat(90, Status::Active(String::new()))));
        assert_eq!(active.state, ExecutorState::Active);
        assert_eq!(
            (active.memory_bytes, active.peak_memory_bytes),
            (Some(7), None)
        );
        assert!(active.vcores.busy <= active.vcores.total);
        let leaving = state(Some(&beat(90, Status::Terminating(String::new()))));
        assert_eq!(leaving.state, ExecutorState::Leaving);
        let silent = state(Some(&beat(70, Status::Active(String::new()))));
        assert_eq!(silent.state, ExecutorState::Silent);
        assert_eq!(state(None).state, ExecutorState::Silent);
        assert_eq!(active_vcores(&[active, leaving, silent]).total, 1);
    }
}
