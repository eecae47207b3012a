//! What the process takes from its machine.

use std::path::PathBuf;

use prometheus::{Gauge, IntGauge};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::{Book, whole};
use crate::cluster::ClusterError;

/// Memory, processor time and files of this process, and the room in its work folder.
pub(super) struct Process {
    resident: IntGauge,
    cpu: Gauge,
    files: IntGauge,
    room: Option<(PathBuf, IntGauge)>,
}

impl Process {
    /// Enters the numbers in a book; without a work folder nothing is said of room.
    pub(super) fn enter(book: &Book, work_folder: Option<PathBuf>) -> Result<Self, ClusterError> {
        let room = work_folder
            .map(|folder| {
                let gauge = book.gauge(
                    "clientele_work_folder_free_bytes",
                    "Room left on the disk of the work folder (spills and shuffles).",
                )?;
                Ok((folder, gauge))
            })
            .transpose()?;
        Ok(Self {
            resident: book.gauge(
                "clientele_process_resident_memory_bytes",
                "Memory of this process that is in RAM.",
            )?,
            cpu: book.float(
                "clientele_process_cpu_seconds_total",
                "Processor time that this process has taken.",
            )?,
            files: book.gauge(
                "clientele_process_open_files",
                "Files and connections that this process holds open.",
            )?,
            room,
        })
    }

    /// Looks anew.
    pub(super) fn refresh(&self) {
        let wanted = ProcessRefreshKind::nothing().with_memory().with_cpu();
        this_process(wanted, |process| {
            self.resident.set(whole(process.memory()));
            self.cpu.set(process.accumulated_cpu_time() as f64 / 1000.0);
            self.files.set(whole(process.open_files().unwrap_or(0)));
        });
        if let Some((folder, gauge)) = &self.room {
            match rustix::fs::statvfs(folder) {
                Ok(disk) => gauge.set(whole(disk.f_bavail.saturating_mul(disk.f_frsize))),
                Err(error) => tracing::debug!(%error, "the work folder's disk cannot be asked"),
            }
        }
    }
}

/// Bytes of this process in RAM, and of its address space; nothing where the system does not tell.
pub(in crate::cluster) fn memory_of_process() -> Option<(u64, u64)> {
    let wanted = ProcessRefreshKind::nothing().with_memory();
    this_process(wanted, |process| {
        (process.memory(), process.virtual_memory())
    })
}

/// Asks the system about this process.
fn this_process<T>(
    wanted: ProcessRefreshKind,
    read: impl FnOnce(&sysinfo::Process) -> T,
) -> Option<T> {
    let id = Pid::from_u32(std::process::id());
    let mut system = System::new();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), true, wanted);
    system.process(id).map(read)
}
