//! Samples: one finite number per row.

use mlrun::evidence::{Defect, read_samples, samples_comparable};
use mlrun::format::observation::{GpuRecord, MachineRecord};
use mlrun::name::SetName;

fn read(csv: &str) -> Result<Vec<f64>, Defect> {
    read_samples(csv.as_bytes().to_vec(), "latency.csv", "ms")
}

#[test]
fn samples_are_in_the_files_order() {
    assert_eq!(read("ms\n3\n1.5\n2e0\n").unwrap(), [3.0, 1.5, 2.0]);
    assert_eq!(read("id,ms\na,7\n").unwrap(), [7.0]);
}

#[test]
fn what_is_no_sample_is_named() {
    let shown = |csv: &str| read(csv).unwrap_err().to_string();
    assert_eq!(shown("ms\n"), "`latency.csv` has no rows");
    assert_eq!(shown("ms\n1\nnan\n"), "`latency.csv` row 2: `ms` is NaN");
    assert_eq!(shown("ms\n-inf\n"), "`latency.csv` row 1: `ms` is -inf");
    assert_eq!(shown("ms,x\n1,1\n,1\n"), "`latency.csv` row 2: `ms` is empty");
    assert_eq!(shown("ms\n1\nfast\n"), "`latency.csv` row 2: `ms` is `fast`, not a number");
    assert_eq!(shown("s\n1\n"), "`latency.csv` has no column `ms`; it has s");
    assert_eq!(shown("ms\n\"1\n"), "`latency.csv` cannot be read as a table: row 1 has a quote that is never closed");
}

#[test]
fn samples_of_other_or_unknown_machines_are_not_compared() {
    let machine = |cpu: Option<&str>, host: Option<&str>, cpus, gpu: Option<&str>| MachineRecord {
        host: host.map(str::to_owned),
        architecture: "aarch64".to_owned(),
        cpu: cpu.map(str::to_owned),
        cpus,
        gpus: gpu
            .map(|model| GpuRecord { model: Some(model.to_owned()), ..GpuRecord::default() })
            .into_iter()
            .collect(),
        ..MachineRecord::default()
    };
    let set = SetName::new("latency").unwrap();
    let said = |a: Option<&MachineRecord>, b: Option<&MachineRecord>| {
        samples_comparable(&set, a, b).map_or_else(|defect| defect.to_string(), |()| "comparable".to_owned())
    };
    let known = machine(Some("A"), Some("one"), 8, None);
    // Another host of the same hardware takes the same time.
    assert_eq!(said(Some(&known), Some(&machine(Some("A"), Some("two"), 8, None))), "comparable");
    let others = [
        machine(Some("B"), Some("one"), 8, None),
        machine(Some("A"), Some("one"), 4, None),
        machine(Some("A"), Some("one"), 8, Some("H100")),
    ];
    for other in &others {
        assert!(said(Some(&known), Some(other)).contains("their times cannot be compared"), "{other:?}");
    }
    assert_eq!(
        said(Some(&known), Some(&others[2])),
        "the samples `latency` were taken on 8 × A (aarch64), the baseline's on 8 × A (aarch64) + H100: their times cannot be compared"
    );
    // Of a processor without a name only the same host is the same.
    let nameless = |host| machine(None, host, 8, None);
    assert_eq!(said(Some(&nameless(Some("one"))), Some(&nameless(Some("one")))), "comparable");
    assert!(said(Some(&nameless(Some("one"))), Some(&nameless(Some("two")))).contains("an unknown processor of two"));
    let nobody = nameless(None);
    for (a, b) in [(None, None), (Some(&known), None), (None, Some(&known)), (Some(&nobody), Some(&nobody))] {
        assert!(said(a, b).contains("a machine that nobody recorded"), "{a:?} {b:?}");
    }
}
