//! Golden bytes: what was stored once is read the same way for ever, and written the same way.

use mlrun::digest::Digest;
use mlrun::format::certificate::{StatementRecord, Verdict};
use mlrun::format::event::{self, AttachedRecord, CaseChangeRecord, ErasedRecord, EventBody};
use mlrun::format::index::{Head, IndexEntry, IndexedPack, Segment};
use mlrun::format::observation::{self, ObservationRecord};
use mlrun::format::pack::{self, Codec, ObjectHeader, ObjectKind, Trailer};
use mlrun::format::policy::{Bound, DemandRecord, MeasureRecord, PolicyRecord, Severity, Task};
use mlrun::format::recipe::{Recipe, RecipeBlock, RecipeTensor};
use mlrun::format::redacted::RedactedRecord;
use mlrun::format::scalar::Scalar;
use mlrun::format::signature::SignatureRecord;
use mlrun::format::snapshot::{self, CodeKind, DataKind, SeedSource, SnapshotRecord};
use mlrun::format::store::{CutterRecord, StoreRecord};
use mlrun::format::tree::{EntryKind, TreeEntry, TreeRecord};
use mlrun::format::{FormatError, canonical, checkpoint, dsse, policy, store};
use mlrun::id::EventId;
use mlrun::name::{ModelName, Version};
use mlrun::registry::State;
use mlrun::signature::PublicKey;
use mlrun::store::cut;

use super::{JSON, checkpoint_of, event_files, folder, golden, sums, understood};
use crate::support::clock::time;
use crate::support::says;

fn of(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

/// `sha256sum` agrees with the list, so the ids below are what anybody would compute.
#[test]
fn sha256sum_agrees() {
    let said = says("sha256sum", &["-c", "--strict", "SHA256SUMS"], &folder());
    assert_eq!(said.lines().filter(|line| line.ends_with(": OK")).count(), sums().len());
    for (name, sum) in sums() {
        assert_eq!(Digest::of(&golden(&name)).to_string(), sum, "{name}");
    }
}

#[test]
fn every_record_encodes_to_the_bytes_it_came_from() {
    for (name, _, again) in JSON {
        assert_eq!(again(&golden(name)).unwrap(), golden(name), "{name}");
    }
}

/// Python, which wrote them, also reads them, and its canonical form of what it read is the same text.
#[test]
fn python_agrees() {
    let program = "import json,sys\nfor name in sys.argv[1:]:\n  b=open(name,'rb').read()\n  assert json.dumps(json.loads(b),\
                   sort_keys=True,separators=(',',':'),ensure_ascii=False).encode()==b,name";
    let names: Vec<&str> = JSON.iter().map(|(name, _, _)| *name).collect();
    says("python3", &[&["-c", program], names.as_slice()].concat(), &folder());
}

#[test]
fn tree() {
    let entry = |name: &str, kind, id: Option<&str>, size, target: Option<&str>| TreeEntry {
        name: name.to_owned(),
        kind,
        id: id.map(of),
        size,
        target: target.map(str::to_owned),
    };
    let expected = TreeRecord::new(vec![
        entry("ünïcode", EntryKind::File, Some("u"), 2, None),
        entry("seen", EntryKind::Followed, Some("seen"), 1, None),
        entry("link", EntryKind::Symlink, None, 0, Some("../a b")),
        entry("ab.sh", EntryKind::Executable, Some("ab"), 0, None),
        entry("a", EntryKind::Folder, Some("a"), 9_007_199_254_740_991, None),
        entry("B", EntryKind::File, Some("B"), 3, None),
    ]);
    assert_eq!(TreeRecord::decode(&golden("tree.json")).unwrap(), expected);
    assert_eq!(expected.encode().unwrap(), golden("tree.json"));
}

#[test]
fn snapshot() {
    let record: SnapshotRecord = canonical::decode(snapshot::FORMAT, &golden("snapshot.json")).unwrap();
    assert_eq!(record.model.as_str(), "payments/fraud");
    assert_eq!(record.model_files.tree.digest().to_string(), sums()["tree.json"]);
    let param = |name: &str| &record.params[name];
    // Debug form: equality does not tell an integer from a float, or NaN from NaN.
    assert_eq!(format!("{:?}", param("big")), "Int(9007199254740993)");
    assert_eq!(format!("{:?}", param("safe")), "Int(9007199254740991)");
    assert_eq!(format!("{:?}", param("small")), "Int(-9007199254740991)");
    assert_eq!(format!("{:?}", param("nan")), "Float(NaN)");
    assert_eq!(format!("{:?}", param("neg")), "Float(-inf)");
    assert_eq!(format!("{:?}", param("layers")), "List([Int(64), Float(32.5), Text(\"x\"), Null])");
    assert_eq!(param("empty"), &Scalar::EmptyMap);
    assert_eq!(param("name"), &Scalar::Text("Größe \"q\" \\ \n\u{1} \u{2028} 😀".to_owned()));
    assert_eq!(record.predictions[0].columns.scores["dog"], "p_dog");
    assert_eq!(record.predictions[0].columns.positive, Some(Scalar::Int(1)));
    assert_eq!(record.data[1].kind, DataKind::Uri);
    assert_eq!(record.data[0].schema.as_ref().unwrap()[0].nulls, 3);
    assert_eq!(record.code.kind, CodeKind::Git);
    assert_eq!(record.code.patch.unwrap().digest(), of("patch"));
    assert_eq!(record.environment.runtimes[0].origins["mine"], "git+https://x/y");
    assert_eq!(record.seeds[1].source, SeedSource::Environment);
    assert_eq!(record.argv.as_deref().unwrap().len(), 2);
    assert_eq!(record.not_captured[0].part, "environment");
}

#[test]
fn observation() {
    let record: ObservationRecord = canonical::decode(observation::FORMAT, &golden("observation.json")).unwrap();
    assert_eq!(record.machine.memory, Some(25_769_803_776));
    assert_eq!(record.commit_on_remote, Some(false));
    assert_eq!(record.paths["model"], "/home/ana/model");
}

#[test]
fn policy() {
    let record: PolicyRecord = canonical::decode(policy::FORMAT, &golden("policy.json")).unwrap();
    assert_eq!(record.task, Task::Binary);
    let demands: Vec<DemandRecord> = record.rules.iter().map(|r| r.demand).collect();
    assert_eq!(
        demands,
        [
            DemandRecord::NonInferior { margin: 0.005 },
            DemandRecord::Superior { gain: 0.0 },
            DemandRecord::NotWorseDetected { margin: 0.01 },
            DemandRecord::Min { limit: None, on: Bound::Lower },
            DemandRecord::Max { limit: Some(1.5), on: Bound::Point },
            DemandRecord::MaxDrop { limit: 0.01 },
            DemandRecord::MaxRatio { limit: 1.1 },
        ]
    );
    let MeasureRecord::Metric { only, each, .. } = &record.rules[0].measure else { panic!("a metric") };
    assert_eq!(only["year"], [Scalar::Int(2025)]);
    assert_eq!(each, &["country"]);
    assert_eq!(record.rules[3].severity, Severity::Warn);
}

#[test]
fn certificate() {
    let record = StatementRecord::decode(&golden("certificate.json")).unwrap();
    let certificate = &record.predicate;
    assert_eq!(certificate.verdict, Verdict::Inconclusive);
    assert_eq!(certificate.candidate.to_string(), sums()["snapshot.json"]);
    assert_eq!(certificate.policy_sha256.to_string(), sums()["policy.json"]);
    assert_eq!(certificate.baseline.event.unwrap().seq, 4);
    assert_eq!(certificate.results[0].sufficient["se"], 0.004);
    assert_eq!(certificate.results[1].verdict, Verdict::NotApplicable);
    assert_eq!(StatementRecord::new(certificate.clone()), record);
}

#[test]
fn one_event_of_each_kind() {
    let files = event_files();
    let mut prev = None;
    let mut kinds = Vec::new();
    for (place, bytes) in files.iter().enumerate() {
        let file = event::decode(bytes).unwrap();
        let record = file.event.unwrap();
        assert_eq!(record.seq, place as u64 + 1);
        assert_eq!(record.prev, prev);
        // `head -n 1 FILE | sha256sum` is the second line.
        let line = bytes.split_inclusive(|b| *b == b'\n').next().unwrap();
        assert_eq!(bytes[line.len()..], *format!("{}\n", Digest::of(line)).as_bytes());
        assert_eq!(file.id, EventId::new(Digest::of(line)));
        let (again, id) = event::encode(&record).unwrap();
        assert_eq!(again, *bytes);
        assert_eq!(id, file.id);
        prev = Some(id);
        kinds.push(record.body.kind());
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "adopt", "approve", "attach", "block", "case", "certify", "clock", "create", "force", "hook", "import",
            "observed", "promote", "purge", "rename", "retire", "rollback", "sign", "snapshot", "unblock", "waive",
            "withdraw"
        ]
    );
}

#[test]
fn what_events_say() {
    let events: Vec<_> = event_files().iter().map(|bytes| understood(bytes).unwrap()).collect();
    assert_eq!(events[0].actor.ci.as_ref().unwrap().run_url.as_deref(), Some("https://x/1"));
    assert_eq!(events[1].time, time("2026-03-01T12:00:00.001Z"));
    assert_eq!(events[6].clock, Some(time("2026-03-01T23:00:00Z")));
    let EventBody::Promote { adopts: Some(rules), version, .. } = &events[3].body else { panic!("a promotion") };
    assert_eq!(*version, Version(1));
    assert_eq!(rules.stage.valid_for, 30 * 86_400);
    assert_eq!(rules.policy.unwrap().to_string(), sums()["policy.json"]);
    let EventBody::Certify { baseline_event, proposed, first_release, .. } = &events[4].body else {
        panic!("a certificate")
    };
    assert_eq!(baseline_event.unwrap().seq, 4);
    assert!(!proposed && first_release.is_none());
    let EventBody::Rollback { blocks, skipped, .. } = &events[9].body else { panic!("a rollback") };
    assert_eq!(blocks[0].to_string(), sums()["snapshot.json"]);
    assert_eq!(skipped[0].version, Version(2));
    let EventBody::Purge { versions, erased: ErasedRecord::File(file), .. } = &events[10].body else {
        panic!("a tombstone")
    };
    assert_eq!((versions.as_slice(), file.path.as_str()), (&[Version(1), Version(2)][..], "data/people.csv"));
    let EventBody::Purge { erased: ErasedRecord::Field(field), .. } = &events[11].body else { panic!("a tombstone") };
    assert_eq!(field.copies[0].copy.to_string(), sums()["redacted.json"]);
    let EventBody::Attach { evidence: AttachedRecord::Predictions(set), .. } = &events[12].body else {
        panic!("evidence")
    };
    assert_eq!((set.columns.key.len(), set.columns.positive.clone()), (2, Some(Scalar::Int(1))));
    let EventBody::Attach { evidence, reason: None, .. } = &events[13].body else { panic!("evidence") };
    assert_eq!((evidence.kind(), evidence.set().as_str(), evidence.size()), ("samples", "latency", 12));
    let EventBody::Waive { rule, signature: Some(_), expires, .. } = &events[14].body else { panic!("a waiver") };
    assert_eq!((rule.as_str(), *expires), ("auc", time("2026-03-20T23:59:59.999Z")));
    let EventBody::Case { change: CaseChangeRecord::Add { cases, count: 3, .. }, .. } = &events[15].body else {
        panic!("cases")
    };
    assert_eq!(cases.to_string(), sums()["cases.json"]);
    let EventBody::Certify { sets, waivers, .. } = &events[17].body else { panic!("a certificate") };
    assert_eq!((sets.len(), waivers.as_slice()), (1, &[15][..]));
    let EventBody::Promote { adopts: Some(rules), .. } = &events[18].body else { panic!("a promotion") };
    assert!(rules.stage.may_waive(Some("Ana@Example.org")) && !rules.stage.may_waive(None));
}

/// What is left of a record is read for that record and no other, and an erased value is no value.
#[test]
fn a_redacted_copy() {
    let bytes = golden("redacted.json");
    let of = Digest::of(b"base snapshot");
    let copy: RedactedRecord<SnapshotRecord> = RedactedRecord::decode(&bytes, of).unwrap();
    assert_eq!(copy.encode().unwrap(), bytes);
    assert_eq!(copy.erased, ["params.db.password", "notes"]);
    assert_eq!(copy.record.params["db.password"], Scalar::Erased);
    assert_ne!(copy.record.params["db.password"], Scalar::Text("erased".to_owned()));
    assert!(RedactedRecord::<SnapshotRecord>::decode(&bytes, Digest::of(b"another")).is_err());
    assert!(canonical::decode::<SnapshotRecord>("mlrun/snapshot/1", &bytes).is_err(), "it is no snapshot");
}

/// A failed run makes no version, also where it is all that ever happened to a model.
#[test]
fn a_command_that_was_run() {
    let record: SnapshotRecord = canonical::decode(snapshot::FORMAT, &golden("snapshot-exec.json")).unwrap();
    assert_eq!(record.cwd.as_deref(), Some("jobs/nightly"));
    assert_eq!(record.seeds.iter().map(|seed| seed.source).collect::<Vec<_>>(), [SeedSource::Issued; 2]);
    let seen: ObservationRecord = canonical::decode(observation::FORMAT, &golden("observation-exec.json")).unwrap();
    let run = seen.execution.unwrap();
    assert_eq!((run.exit, run.signal, run.duration_ms, run.user_ms), (Some(0), None, 130_250, Some(251_000)));
    assert_eq!(run.started, time("2026-03-01T11:00:00Z"));

    let names = ["failed-event-01-create.txt", "failed-event-02-failed.txt", "failed-event-03-failed.txt"];
    let mut state = State::before_creation(ModelName::new("churn").unwrap());
    for name in names {
        let file = event::decode(&golden(name)).unwrap();
        let record = file.event.unwrap();
        assert_eq!(event::encode(&record).unwrap(), (golden(name), file.id), "{name}");
        state.apply(&record, file.id).unwrap();
    }
    assert_eq!((state.seq(), state.versions.len(), state.latest().is_none()), (3, 0, true));
    let EventBody::Failed { argv, arguments_cut, cwd, run, seeds } = understood(&golden(names[1])).unwrap().body else {
        panic!("a failed run")
    };
    assert_eq!((argv.len(), arguments_cut, cwd.as_deref()), (3, None, Some("jobs")));
    assert_eq!((run.exit, run.signal, run.folder), (Some(3), None, None));
    assert_eq!((seeds[0].name.as_str(), seeds[0].source), ("MODEL_SEED", SeedSource::Issued));
    let EventBody::Failed { arguments_cut, run, .. } = understood(&golden(names[2])).unwrap().body else {
        panic!("a failed run")
    };
    assert_eq!((arguments_cut, run.exit, run.signal), (Some(7), None, Some(9)));
}

/// The store's own journal, and the one place where `.store` is a name.
#[test]
fn what_was_collected() {
    let [create, gc] = ["store-event-01-create.txt", "store-event-02-gc.txt"].map(golden);
    let [first, second] = [&create, &gc].map(|bytes| event::decode(bytes).unwrap());
    let record = second.event.unwrap();
    assert_eq!((record.seq, record.prev), (2, Some(first.id)));
    assert!(record.model.is_store());
    let body = EventBody::Gc {
        packs: 3,
        objects: 41,
        freed: 1_234_567,
        emptied: 0,
        grace: 1_209_600,
        at_once: false,
        erased: None,
    };
    assert_eq!(record.body, body);
    assert_eq!(event::encode(&record).unwrap(), (gc, second.id));
    assert!(ModelName::new(".store").is_err());
    let mut state = State::before_creation(record.model.clone());
    state.apply(&first.event.unwrap(), first.id).unwrap();
    state.apply(&record, second.id).unwrap();
    assert_eq!((state.seq(), state.versions.len()), (2, 0));
}

#[test]
fn sha256sum_of_a_head_line() {
    let said = says("sh", &["-c", "head -n 1 event-10-rollback.txt | sha256sum"], &folder());
    assert_eq!(said[..64], understood_id("event-10-rollback.txt"));
}

fn understood_id(name: &str) -> String {
    event::decode(&golden(name)).unwrap().id.to_string()
}

#[test]
fn checkpoint() {
    let record = checkpoint_of("checkpoint-8.bin");
    assert_eq!(record.head.seq, 31);
    assert_eq!(record.head.id.to_string(), understood_id("event-31-clock.txt"));
    assert_eq!(record.certificates.values().map(|c| c.signatures.len()).sum::<usize>(), 1);
    assert_eq!(record.erased.len(), 2);
    assert_eq!(record.stages[0].stack, [2, 3]);
    assert_eq!(record.versions.len(), 3);
    assert_eq!(checkpoint::encode(&record).unwrap(), golden("checkpoint-8.bin"));
    for before in ["", "-2", "-3", "-4", "-5", "-6", "-7"] {
        let before = golden(&format!("checkpoint{before}.bin"));
        assert!(checkpoint::decode(before).is_none(), "of a form before: as if it were not there");
    }
}

/// With its tables beside it, it says the same, and is written as it was.
#[test]
fn checkpoint_beside_its_tables() {
    let tables = golden("checkpoint-tables.bin");
    assert_eq!(checkpoint::tables(&checkpoint_of("checkpoint-8.bin")).unwrap(), tables);
    assert!(checkpoint::decode(golden("checkpoint-8-small.bin")).is_none(), "without them it says too little");
    let record = checkpoint::open(golden("checkpoint-8-small.bin"), |seq, length| {
        assert_eq!((seq, length), (31, tables.len() as u64));
        Some(Box::new(tables.clone()))
    });
    let record = record.unwrap();
    let files = checkpoint::files(&record, usize::MAX).unwrap();
    assert_eq!((files.checkpoint, files.tables), (golden("checkpoint-8-small.bin"), None));
    assert_eq!(record, checkpoint_of("checkpoint-8.bin"));
}

/// The golden journal folded gives the golden checkpoint: Python wrote both, by hand.
#[test]
fn the_golden_journal_folds_into_the_golden_checkpoint() {
    let model = understood(&event_files()[0]).unwrap().model;
    let mut state = mlrun::registry::State::before_creation(model);
    for bytes in event_files() {
        let file = event::decode(&bytes).unwrap();
        state.apply(&file.event.unwrap(), file.id).unwrap();
    }
    assert_eq!(checkpoint::encode(&state.to_checkpoint().unwrap()).unwrap(), golden("checkpoint-8.bin"));
}

/// The `cryptography` package signed the golden certificate.
#[test]
fn signature() {
    let record = SignatureRecord::decode(&golden("signature.json")).unwrap();
    let key = PublicKey::from_pem(&record.public_key).unwrap();
    assert_eq!((key.id().unwrap(), key.to_pem().unwrap()), (record.keyid, record.public_key.clone()));
    let certificate = golden("certificate.json");
    assert_eq!(record.certificate.digest(), Digest::of(&certificate));
    let signed = dsse::pae(&record.payload_type, &certificate);
    assert!(key.verifies(&signed, &record.bytes().unwrap()));
    assert!(!key.verifies(&signed[1..], &record.bytes().unwrap()));
}

#[test]
fn store_description() {
    let record: StoreRecord = canonical::decode(store::FORMAT, &golden("format.json")).unwrap();
    let expected = CutterRecord {
        algorithm: "fastcdc-2020".to_owned(),
        whole: cut::WHOLE as u32,
        minimum: cut::MINIMUM as u32,
        average: cut::AVERAGE as u32,
        maximum: cut::MAXIMUM as u32,
    };
    assert_eq!(record.cutter, expected);
    let (memory, _) = crate::support::memory_store();
    assert_eq!(memory.contents()["format.json"], golden("format.json"));
}

#[test]
fn recipe() {
    let plain = b"mlrun ".repeat(200);
    let block = RecipeBlock { id: *blake3::hash(&plain).as_bytes(), length: 1200 };
    let tensor = |offset, length, name: &str, dtype: &str, shape: &[u64]| RecipeTensor {
        name: name.to_owned(),
        dtype: dtype.to_owned(),
        shape: shape.to_vec(),
        offset,
        length,
    };
    let tensors = vec![tensor(0, 1200, "encoder.weight", "BF16", &[20, 30]), tensor(1208, 8, "süß", "I64", &[])];
    let expected = Recipe { sha256: Digest::of(&plain.repeat(2)), size: 2400, blocks: vec![block; 2], tensors };
    assert_eq!(Recipe::decode(&golden("recipe.bin")).unwrap(), expected);
    assert_eq!(expected.encode(), golden("recipe.bin"));
    let empty = Recipe { sha256: Digest::of(b""), size: 0, blocks: Vec::new(), tensors: Vec::new() };
    assert_eq!(empty.encode(), golden("recipe-empty.bin"));
    assert_eq!(Recipe::decode(&golden("recipe-empty.bin")).unwrap(), empty);
}

fn record_header(json: &[u8]) -> ObjectHeader {
    ObjectHeader {
        kind: ObjectKind::Record,
        codec: Codec::Raw as u8,
        plain_length: json.len() as u32,
        stored_length: json.len() as u32,
        id: *Digest::of(json).as_bytes(),
    }
}

#[test]
fn pack_with_two_objects() {
    let objects = [br#"{"b":2}"#, br#"{"a":1}"#];
    let mut bytes = pack::MAGIC.to_vec();
    let mut trailer = Trailer::default();
    for json in objects {
        let header = record_header(json);
        trailer.objects.push((bytes.len() as u64, header));
        bytes.extend_from_slice(&header.encode());
        bytes.extend_from_slice(json);
    }
    bytes.extend_from_slice(&trailer.encode(bytes.len() as u64));
    let golden = golden("pack-two-records.bin");
    assert_eq!(bytes, golden);

    let (offset, size) = Trailer::locate(&golden[golden.len() - pack::FOOTER..], golden.len() as u64).unwrap();
    assert_eq!(offset as usize + size, golden.len());
    assert_eq!(Trailer::decode(&golden[offset as usize..]).unwrap(), trailer);
    for (at, header) in &trailer.objects {
        assert_eq!(ObjectHeader::decode(&golden[*at as usize..]).unwrap(), *header);
    }
}

#[test]
fn index() {
    let pack = golden("pack-two-records.bin");
    let entry = |json: &[u8], offset| IndexEntry { pack: 0, offset, header: record_header(json) };
    let mut segment = Segment {
        packs: vec![IndexedPack { name: *blake3::hash(&pack).as_bytes(), length: pack.len() as u64 }],
        entries: vec![entry(br#"{"b":2}"#, 8), entry(br#"{"a":1}"#, 8 + 48 + 7)],
    };
    assert_eq!(segment.encode(), golden("index-2.bin"));
    assert_eq!(Segment::decode(&golden("index-2.bin")).unwrap(), segment);
    // The first form is a cache that is written anew.
    assert!(matches!(Segment::decode(&golden("index.bin")), Err(FormatError::Malformed { .. })));
}

#[test]
fn an_index_of_three_pages() {
    let nothing = vec![0; 400_000];
    let packs = [b"1", b"2"].map(|last| {
        let bytes = [nothing.as_slice(), last].concat();
        IndexedPack { name: *blake3::hash(&bytes).as_bytes(), length: bytes.len() as u64 }
    });
    let entries = (0..3000_u32).map(|n| {
        let id = *Digest::of((n / 2).to_string().as_bytes()).as_bytes();
        let kind = [ObjectKind::Block, ObjectKind::Record][n as usize % 2];
        let header = ObjectHeader { kind, codec: (n % 3) as u8, plain_length: 300 + n, stored_length: 50, id };
        IndexEntry { pack: n / 2000, offset: u64::from(8 + n * 100), header }
    });
    let mut segment = Segment { packs: packs.to_vec(), entries: entries.collect() };
    let bytes = segment.encode();
    let python = "eb8307e3bab72512d2da0a50b5fdd9bf61d9fe664456388463b12882abba34cd";
    assert_eq!(Digest::of(&bytes).to_string(), python);
    assert_eq!(Segment::decode(&bytes).unwrap(), segment);

    let head_length = Head::length(&bytes[..Head::PREFIX], bytes.len() as u64).unwrap();
    let head = Head::decode(&bytes[..head_length]).unwrap();
    assert_eq!((head.pages(), head.entries(), &head.packs), (3, 3000, &segment.packs));
    for (number, page) in segment.entries.chunks(1024).enumerate() {
        let (start, length) = head.place(number);
        let start = start as usize;
        assert_eq!(head.decode_page(number, &bytes[start..start + length]).unwrap(), page);
        // Another page's bytes are not this one's.
        let (other, length) = head.place((number + 1) % 3);
        let other = other as usize;
        assert!(head.decode_page(number, &bytes[other..other + length]).is_err());
        for entry in page {
            let first = head.page_of(&entry.header.id);
            assert!(first == number || (first + 1 == number && page[0].header.id == entry.header.id));
        }
    }
}
