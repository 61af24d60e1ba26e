//! What somebody else says of training data, in a record: written out by hand, so that its form cannot change unseen.

use mlrun::format::canonical;
use mlrun::format::checksum::{Algorithm, Checksum};
use mlrun::format::observation::{self, ObservationRecord};
use mlrun::format::snapshot::{self, DataKind, DeclaredRecord, SnapshotRecord};

use super::golden;

/// Sources of data behind each other, as they stand in a record.
const DATA: &str = concat!(
    r#"[{"declared":{"checksum":"md5:2bbdee8e0fa1a946718bdbee5f20816c.dir","dvc":"raw.dvc","files":3,"size":11},"#,
    r#""files":3,"kind":"folder","name":"raw","not_stored":"it is not in DVC's cache","path":"raw","rows":null,"#,
    r#""schema":null,"sha256":null,"size":11,"stored":null},"#,
    r#"{"declared":{"checksum":"etag:\"5d8c-3\""},"files":0,"kind":"uri","name":"valid","not_stored":"recorded","#,
    r#""path":"s3://bucket/x","rows":null,"schema":null,"sha256":null,"size":0,"stored":null}]"#,
);

#[test]
fn data_as_declared() {
    let small = String::from_utf8(golden("snapshot-small.json")).unwrap();
    let text = small.replace("\"data\":[]", &format!("\"data\":{DATA}"));
    let record: SnapshotRecord = canonical::decode(snapshot::FORMAT, text.as_bytes()).unwrap();
    let checksum = Checksum::new(Algorithm::Md5, "2bbdee8e0fa1a946718bdbee5f20816c.dir");
    let declared = DeclaredRecord { dvc: Some("raw.dvc".to_owned()), checksum, size: Some(11), files: Some(3) };
    assert_eq!(record.data[0].declared, Some(declared));
    assert_eq!(record.data[1].kind, DataKind::Uri);
    assert_eq!(canonical::encode(snapshot::FORMAT, &record).unwrap(), text.as_bytes());
    // Another word in it is a newer program's.
    let newer = text.replace("\"dvc\":\"raw.dvc\"", "\"dvc\":\"raw.dvc\",\"hub\":1");
    assert!(canonical::decode::<SnapshotRecord>(snapshot::FORMAT, newer.as_bytes()).is_err());
}

#[test]
fn links_in_an_observation() {
    let text = String::from_utf8(golden("observation.json")).unwrap();
    let text = text.replace("\"machine\":", "\"linked\":{\"count\":1001,\"paths\":[\"model/w\"]},\"machine\":");
    let record: ObservationRecord = canonical::decode(observation::FORMAT, text.as_bytes()).unwrap();
    assert_eq!(record.linked.as_ref().map(|linked| linked.count), Some(1001));
    assert_eq!(canonical::encode(observation::FORMAT, &record).unwrap(), text.as_bytes());
}

#[test]
fn checksums() {
    let (sha256, md5) = ("5".repeat(64), "a".repeat(32));
    for good in [
        format!("sha256:{sha256}"),
        format!("md5:{md5}"),
        format!("md5:{md5}.dir"),
        format!("md5-dos2unix:{md5}"),
        "etag:W/\"x:y\"".to_owned(),
    ] {
        assert_eq!(good.parse::<Checksum>().unwrap().to_string(), good);
    }
    for bad in [
        String::new(),
        "etag:".to_owned(),
        "etag:a\nb".to_owned(),
        format!("etag:{}", "x".repeat(1025)),
        format!("sha256:{md5}"),
        format!("sha256:{sha256}.dir"),
        format!("sha256:{}", sha256.replace('5', "A")),
        format!("md5:{md5}.dir.dir"),
        format!("MD5:{md5}"),
        md5,
    ] {
        assert!(bad.parse::<Checksum>().is_err(), "{bad}");
    }
    assert_eq!(format!("sha256:{sha256}").parse::<Checksum>().unwrap().sha256().unwrap().to_string(), sha256);
}
