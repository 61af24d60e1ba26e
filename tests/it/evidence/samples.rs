//! Samples: one finite number per row.

use mlrun::evidence::{Defect, read_samples};

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
