//! Round trips of everything that can be made.

use mlrun::clock::Time;
use mlrun::digest::Digest;
use mlrun::format::event::{
    self, ActorRecord, AttachedRecord, CaseChangeRecord, CiRecord, EventBody, EventRecord, EventRef, SkippedRecord,
    UsedSetRecord,
};
use mlrun::format::index::{IndexEntry, IndexedPack, Segment};
use mlrun::format::observation::ExecutionRecord;
use mlrun::format::pack::{MAX_OBJECT, ObjectHeader, ObjectKind, Trailer};
use mlrun::format::recipe::{MAX_BLOCK, Recipe, RecipeBlock, RecipeTensor};
use mlrun::format::scalar::Scalar;
use mlrun::format::snapshot::{PredictionColumns, PredictionsRecord, SamplesRecord};
use mlrun::format::tree::{EntryKind, TreeEntry, TreeRecord};
use mlrun::id::{EventId, FileId, Id};
use mlrun::name::{ModelName, SetName, StageName, Version};
use proptest::prelude::*;

use super::understood;
use crate::support::cases;

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_bytes)
}

fn id<K>() -> impl Strategy<Value = Id<K>> {
    digest().prop_map(Id::new)
}

fn header() -> impl Strategy<Value = ObjectHeader> {
    (1_u8..6, any::<u8>(), 0..=MAX_OBJECT, 0..=MAX_OBJECT, any::<[u8; 32]>()).prop_map(
        |(kind, codec, plain, stored, id)| {
            let kind = ObjectKind::from_number(kind).unwrap();
            let most = if kind == ObjectKind::Block { MAX_BLOCK } else { MAX_OBJECT };
            ObjectHeader { kind, codec, plain_length: plain.min(most), stored_length: stored.min(most), id }
        },
    )
}

fn time() -> impl Strategy<Value = Time> {
    // From the year −9999 to 9999, to the millisecond.
    (-377_705_023_201_000_i64..253_402_207_200_000).prop_map(|ms| Time::from_milliseconds(ms).unwrap())
}

fn stage() -> impl Strategy<Value = StageName> {
    "s[a-z0-9._-]{0,20}x".prop_filter_map("a name", |text| StageName::new(&text).ok())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,20}", "[\\x00-\\x1f\"\\\\ü\u{2028}😀]{0,8}"]
}

fn actor() -> impl Strategy<Value = ActorRecord> {
    let maybe = || prop::option::of(text());
    let ci = (text(), maybe(), maybe(), maybe()).prop_map(|(provider, run_url, commit, begun_by)| CiRecord {
        provider,
        run_url,
        commit,
        begun_by,
    });
    (prop::option::of(text()), prop::option::of(text()), prop::option::of(ci))
        .prop_map(|(name, host, ci)| ActorRecord { name, email: None, host, ci })
}

/// None stands for samples.
fn columns() -> impl Strategy<Value = Option<PredictionColumns>> {
    let positive = prop_oneof![
        any::<i64>().prop_map(|n| Scalar::Int(n.into())),
        any::<bool>().prop_map(Scalar::Bool),
        text().prop_map(Scalar::Text),
        (-1e6..1e6_f64).prop_map(Scalar::Float),
    ];
    prop::option::of(
        (prop::collection::vec(text(), 1..3), text(), prop::option::of(positive)).prop_map(|(key, label, positive)| {
            PredictionColumns { key, label, positive, ..PredictionColumns::default() }
        }),
    )
}

fn body() -> impl Strategy<Value = EventBody> {
    let version = (1_u32..).prop_map(Version);
    let reference = || (1_u64..1 << 53, id()).prop_map(|(seq, id)| EventRef { seq, id });
    let skipped = (1_u32.., id(), text()).prop_map(|(v, snapshot, reason)| SkippedRecord {
        version: Version(v),
        snapshot,
        reason,
    });
    prop_oneof![
        text().prop_map(|repository| EventBody::Create { repository }),
        (version.clone(), id(), prop::option::of(id()), id(), id()).prop_map(
            |(version, snapshot, parent, observation, model_tree)| EventBody::Snapshot {
                version,
                snapshot,
                parent,
                observation,
                model_tree
            }
        ),
        (
            id(),
            id(),
            stage(),
            prop::option::of(id()),
            prop::option::of(reference()),
            digest(),
            time(),
            any::<bool>(),
            prop::option::of(text())
        )
            .prop_map(
                |(snapshot, certificate, stage, baseline, baseline_event, policy, expires, proposed, first_release)| {
                    let verdict = mlrun::format::certificate::Verdict::Waived;
                    let (set, sha256) = (SetName::new("test").unwrap(), policy);
                    let used = UsedSetRecord { set, sha256, predictions: proposed.then_some(policy) };
                    EventBody::Certify {
                        snapshot,
                        certificate,
                        verdict,
                        stage,
                        baseline,
                        baseline_event,
                        policy,
                        expires,
                        proposed,
                        first_release,
                        sets: vec![used],
                        waivers: vec![3, 7],
                    }
                }
            ),
        (prop::collection::vec(text(), 0..4), prop::option::of(text()), time(), any::<(Option<i32>, u32)>()).prop_map(
            |(argv, cwd, started, (exit, duration))| EventBody::Failed {
                argv,
                arguments_cut: None,
                cwd,
                run: ExecutionRecord {
                    started,
                    duration_ms: duration.into(),
                    exit,
                    signal: None,
                    user_ms: None,
                    system_ms: Some(1),
                    peak_memory: None,
                    folder: None,
                },
                seeds: Vec::new(),
            }
        ),
        (version.clone(), id(), digest(), any::<u32>(), prop::option::of(text()), columns()).prop_map(
            |(version, snapshot, file, size, reason, columns)| {
                let (name, file, size) = (SetName::new("test").unwrap(), FileId::new(file), u64::from(size));
                let path = "attached/test-0.csv".to_owned();
                let evidence = match columns {
                    Some(columns) => AttachedRecord::Predictions(PredictionsRecord { name, path, file, size, columns }),
                    None => AttachedRecord::Samples(SamplesRecord {
                        machine: reason.clone(),
                        name,
                        path,
                        file,
                        size,
                        column: "ms".to_owned(),
                    }),
                };
                EventBody::Attach { version, snapshot, evidence, reason }
            }
        ),
        (version.clone(), id(), text(), text(), time(), prop::option::of(digest())).prop_map(
            |(version, snapshot, rule, reason, expires, signature)| EventBody::Waive {
                version,
                snapshot,
                rule,
                reason,
                expires,
                signature,
                certificate: signature.map(mlrun::id::CertificateId::new),
            }
        ),
        (1_u32.., 1_u32.., digest(), prop::option::of(text())).prop_map(|(first, count, cases, reason)| {
            let set = SetName::new("test").unwrap();
            EventBody::Case { change: CaseChangeRecord::Add { first, count, set, cases }, reason }
        }),
        prop::collection::vec(1_u32.., 1..4).prop_map(|cases| EventBody::Case {
            change: CaseChangeRecord::Remove { cases },
            reason: Some("over".to_owned())
        }),
        (id(), prop::option::of(stage()), text()).prop_map(|(snapshot, stage, reason)| EventBody::Block {
            snapshot,
            stage,
            reason
        }),
        (id(), prop::option::of(stage()), prop::option::of(text()))
            .prop_map(|(snapshot, stage, reason)| EventBody::Unblock { snapshot, stage, reason }),
        (stage(), version.clone(), id(), prop::option::of(id()), prop::option::of(id()), prop::option::of(text()))
            .prop_map(|(stage, version, snapshot, replaces, certificate, reason)| EventBody::Promote {
                stage,
                version,
                snapshot,
                replaces,
                certificate,
                adopts: None,
                approvals: Vec::new(),
                no_hooks: false,
                after: vec!["./push.sh {model}".to_owned()],
                reason
            }),
        (
            stage(),
            version,
            id(),
            prop::option::of(id()),
            text(),
            prop::collection::vec(id(), 0..3),
            prop::collection::vec(skipped, 0..3)
        )
            .prop_map(|(stage, version, snapshot, replaces, reason, blocks, skipped)| EventBody::Rollback {
                stage,
                version,
                snapshot,
                replaces,
                reason,
                blocks,
                unblocks: Vec::new(),
                no_hooks: false,
                after: Vec::new(),
                skipped
            }),
    ]
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn trees(names in prop::collection::btree_set("[^/\\\\\\pC]{1,12}", 0..12), sizes in any::<u32>()) {
        let entries: Vec<TreeEntry> = names
            .into_iter()
            .filter(|name| name != "." && name != "..")
            .enumerate()
            .map(|(at, name)| {
                let kind = [EntryKind::File, EntryKind::Executable, EntryKind::Folder, EntryKind::Followed, EntryKind::Symlink][at % 5];
                let link = kind == EntryKind::Symlink;
                TreeEntry {
                    id: (!link).then(|| Digest::of(name.as_bytes())),
                    size: u64::from(sizes) << (at % 20),
                    target: link.then(|| format!("to {name}")),
                    name,
                    kind,
                }
            })
            .collect();
        let entries: Vec<_> =
            entries.into_iter().filter(|e| mlrun::format::tree::is_component(&e.name)).collect();
        let mut shuffled = entries.clone();
        shuffled.reverse();
        let tree = TreeRecord::new(entries);
        let bytes = tree.encode().unwrap();
        prop_assert_eq!(&TreeRecord::decode(&bytes).unwrap(), &tree);
        // The order in which a disk lists them does not matter.
        prop_assert_eq!(TreeRecord::new(shuffled).encode().unwrap(), bytes);
    }

    #[test]
    fn recipes(
        sha in any::<[u8; 32]>(),
        blocks in prop::collection::vec((any::<[u8; 32]>(), 1..=MAX_BLOCK), 0..20),
        tensors in prop::collection::vec((text(), "[A-Z0-9_]{0,9}", prop::collection::vec(any::<u64>(), 0..5), 0..9_u64), 0..6),
    ) {
        let blocks: Vec<_> = blocks.into_iter().map(|(id, length)| RecipeBlock { id, length }).collect();
        let size: u64 = blocks.iter().map(|b| u64::from(b.length)).sum();
        let mut offset = 0;
        let tensors = tensors.into_iter().map_while(|(name, dtype, shape, length)| {
            let tensor = RecipeTensor { name, dtype, shape, offset, length };
            offset += length + 3;
            (tensor.offset + length <= size).then_some(tensor)
        }).collect();
        let recipe = Recipe { sha256: Digest::from_bytes(sha), size, blocks, tensors };
        prop_assert_eq!(Recipe::decode(&recipe.encode()).unwrap(), recipe);
    }

    #[test]
    fn headers_and_trailers(headers in prop::collection::vec(header(), 0..20)) {
        let mut trailer = Trailer::default();
        let mut offset = 8;
        for header in headers {
            prop_assert_eq!(ObjectHeader::decode(&header.encode()).unwrap(), header);
            trailer.objects.push((offset, header));
            offset += 48 + u64::from(header.stored_length);
        }
        let bytes = trailer.encode(offset);
        let (at, size) = Trailer::locate(&bytes[bytes.len() - 56..], offset + bytes.len() as u64).unwrap();
        prop_assert_eq!((at, size), (offset, bytes.len()));
        prop_assert_eq!(Trailer::decode(&bytes).unwrap(), trailer);
    }

    #[test]
    fn segments(packs in prop::collection::vec((any::<[u8; 32]>(), 1_u64 << 41..), 1..5), headers in prop::collection::vec((header(), 0..1_u64 << 40), 0..40)) {
        let count = packs.len() as u32;
        let packs = packs.into_iter().map(|(name, length)| IndexedPack { name, length }).collect();
        let entries = headers.into_iter().map(|(header, offset)| IndexEntry { pack: offset as u32 % count, offset, header }).collect();
        let mut segment = Segment { packs, entries };
        let bytes = segment.encode();
        prop_assert_eq!(Segment::decode(&bytes).unwrap(), segment);
    }

    #[test]
    fn events(seq in 1_u64..1 << 53, prev in prop::option::of(id::<mlrun::id::Event>()), time in time(), clock in prop::option::of(time()), actor in actor(), body in body()) {
        let model = ModelName::new("payments/fraud").unwrap();
        let record = EventRecord { format: event::FORMAT.to_owned(), model, seq, prev, time, clock, actor, body };
        let (bytes, id) = event::encode(&record).unwrap();
        prop_assert_eq!(event::decode(&bytes).unwrap().id, id);
        prop_assert_eq!(id, EventId::new(Digest::of(&bytes[..bytes.len() - 65])));
        prop_assert_eq!(understood(&bytes).unwrap(), record);
    }
}
