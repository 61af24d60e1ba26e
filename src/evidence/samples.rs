//! Samples of one quantity, such as latencies: one finite number per row.

use super::Defect;
use super::predictions::SourceTable;
use crate::format::observation::MachineRecord;
use crate::name::SetName;

/// Whether the samples of two versions may be compared: times taken on other hardware say nothing about the model, and nor do
/// those of which nobody knows where they were taken.
///
/// # Errors
/// [`Defect::OtherMachine`], naming both.
pub fn comparable(
    set: &SetName,
    candidate: Option<&MachineRecord>,
    baseline: Option<&MachineRecord>,
) -> Result<(), Defect> {
    let known = |machine: Option<&MachineRecord>| machine.is_some_and(|m| m.cpu.is_some() || m.host.is_some());
    let alike = match (candidate, baseline) {
        (Some(a), Some(b)) => {
            let (gpus, others) = (a.gpus.iter().map(|gpu| &gpu.model), b.gpus.iter().map(|gpu| &gpu.model));
            // Where no processor is named, only the same host is the same hardware.
            (a.cpus, &a.architecture, &a.cpu) == (b.cpus, &b.architecture, &b.cpu)
                && (a.cpu.is_some() || a.host == b.host)
                && gpus.eq(others)
        }
        _ => false,
    };
    if alike && known(candidate) && known(baseline) {
        return Ok(());
    }
    let said = |machine| if known(machine) { machine.map_or_else(unknown, named) } else { unknown() };
    Err(Defect::OtherMachine { set: set.clone(), candidate: said(candidate), baseline: said(baseline) })
}

fn unknown() -> String {
    "a machine that nobody recorded".to_owned()
}

/// `8 × AMD EPYC 7763 (x86_64)`, with its graphics processors; of a processor without a name the host.
fn named(machine: &MachineRecord) -> String {
    let cpu = match (&machine.cpu, &machine.host) {
        (Some(cpu), _) => cpu.clone(),
        (None, host) => format!("an unknown processor of {}", host.as_deref().unwrap_or("an unknown host")),
    };
    let gpus: String =
        machine.gpus.iter().map(|gpu| format!(" + {}", gpu.model.as_deref().unwrap_or(&gpu.vendor))).collect();
    format!("{} × {cpu} ({}){gpus}", machine.cpus, machine.architecture)
}

/// Reads a column of samples in the file's order. `bytes` are the whole file, `path` names it in messages and says its format.
///
/// # Errors
/// A table that cannot be read or has no rows, a column that is not there, a cell that is empty or no finite number.
pub fn read(bytes: Vec<u8>, path: &str, column: &str) -> Result<Vec<f64>, Defect> {
    Ok(SourceTable::read(&bytes, path, &[column])?.finite(column)?.into_owned())
}
