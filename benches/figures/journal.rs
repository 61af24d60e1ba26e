//! `journal`: the verbs somebody waits for at night, behind a long history.
//!
//! The history is written through the library: 3,000 small snapshots, each in a pack of its own as in real life, and 10,000
//! events that fold into a state event by event. Only the fsync of every single event is left out. The two newest versions
//! hold 9 MB each and take turns in production. `journal-long` has ten times as many, in as many packs; the models
//! of `journal-many` share their snapshots.

use std::fs;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use mlrun::clock::{Clock, SystemClock, Time};
use mlrun::digest::Digest;
use mlrun::format::canonical;
use mlrun::format::certificate::Verdict;
use mlrun::format::event::{self, ActorRecord, EventBody, EventRecord, RulesRecord, StageRulesRecord};
use mlrun::format::head;
use mlrun::format::snapshot::SnapshotRecord;
use mlrun::format::tree::{EntryKind, TreeEntry, TreeRecord};
use mlrun::id::{CertificateId, SnapshotId, TreeId};
use mlrun::name::{ModelName, StageName, Version};
use mlrun::progress::Silent;
use mlrun::registry::{JournalError, Registry, State};
use mlrun::snapshot;
use mlrun::store::disk::Disk;
use mlrun::store::{Backend, Store, Writer};
use rayon::prelude::*;

use crate::data;
use crate::report::Figure;
use crate::run::Mlrun;

const EVENTS: u64 = 10_000;
/// More packs are not made: `gc` merges small ones.
const PACKS: usize = 3_000;
const RUNS: usize = 21;
/// A version's model files, in bytes: with everything else below 10 MB.
const MODEL: usize = 9_000_000;
const MINUTE: i64 = 60_000;

const CONFIG: &str = r#"schema = 1
[model.bench]
files = ["model"]
metrics = ["metrics.json"]
policy = "policy.toml"
[stage.production]
"#;

const POLICY: &str = r#"schema = 1
task = "binary"
[[rule]]
id = "auc"
metric = { reported = "auc", better = "higher" }
min = 0.5
on = "point"
"#;

/// Behind 10,000 events.
pub(crate) fn measure(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    behind(mlrun, EVENTS, 0)
}

/// Behind 100,000 events.
pub(crate) fn long(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    behind(mlrun, 10 * EVENTS, 0)
}

/// In one of 5,000 models of 200 events each.
pub(crate) fn many(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    behind(mlrun, 200, 4999)
}

/// The verbs on a model with a history of `events`, beside others of as many.
fn behind(mlrun: &Mlrun, events: u64, others: u32) -> Result<Vec<Figure>> {
    for (name, text) in [("mlrun.toml", CONFIG), ("policy.toml", POLICY), ("metrics.json", "{\"auc\": 0.9}")] {
        fs::write(mlrun.folder.join(name), text)?;
    }
    data::noise(&mlrun.folder.join("model/w.bin"), 1_000, 0)?;
    mlrun.run("init")?;
    mlrun.run("snapshot bench")?;
    let certificate = mlrun.json("certify bench@v1 --first-release --reason begins")?;
    let policy = certificate["policy_sha256"].as_str().context("no policy")?.parse()?;
    let history = History::open(mlrun, policy, events)?;
    let real = history.registry.state(&ModelName::new("bench")?)?.context("no state")?;
    let snapshots = history.snapshots(&real)?;
    history.write(mlrun, "bench", &real, &snapshots)?;
    let write = |other: u32| history.write(mlrun, &format!("other-{other}"), &real, &snapshots);
    (0..others).into_par_iter().try_for_each(write)?;
    // The first verb that comes along reads everything and leaves checkpoints.
    mlrun.run("at")?;
    let [good, bad] = [1, 2].map(|seed| -> Result<String> {
        data::noise(&mlrun.folder.join("model/w.bin"), MODEL, seed)?;
        fs::write(mlrun.folder.join("metrics.json"), format!("{{\"auc\": 0.9{seed}}}"))?;
        let version = mlrun.json("snapshot bench")?;
        Ok(format!("bench@{}", version["version"].as_str().context("no version")?))
    });
    let (good, bad) = (good?, bad?);
    mlrun.run(&format!("certify {good}"))?;
    mlrun.run(&format!("promote {good} --to production"))?;

    let middle = history.time(events / 2)?;
    let mut lines = vec![
        ("at", format!("at {middle} bench")),
        ("log -n 20", "log bench -n 20".to_owned()),
        ("list -n 20", "list bench -n 20".to_owned()),
        ("status", "status bench".to_owned()),
    ];
    if others > 0 {
        lines.extend([("at, all models", "at".to_owned()), ("at TIME, all models", format!("at {middle}"))]);
        lines.extend([("list, all models", "list".to_owned()), ("status, all models", "status".to_owned())]);
    }
    let (mut promote, mut rollback) = (Vec::new(), Vec::new());
    let mut looked = vec![Vec::new(); lines.len()];
    for _ in 0..RUNS {
        mlrun.run(&format!("certify {bad}"))?;
        promote.push(mlrun.time(&format!("promote {bad} --to production"))?);
        for ((_, line), runs) in lines.iter().zip(&mut looked) {
            runs.push(mlrun.time(line)?);
        }
        rollback.push(mlrun.time(&format!("rollback bench --from {bad} --no-block --reason slow"))?);
    }
    let check = mlrun.json("log bench -n 1")?;
    let found = check["events"][0]["seq"].as_u64().context("no event")?;
    anyhow::ensure!(found >= events + 3 * RUNS as u64, "only {found} events");
    let moved = [("promote, 9 MB", promote), ("rollback", rollback)];
    let figures = moved.into_iter().chain(lines.iter().map(|(what, _)| *what).zip(looked));
    let figure = |what: &str, runs| {
        let figure = Figure::new(what, "ms", runs);
        match (what.contains("all models"), what.starts_with("at")) {
            (false, _) => figure.at_most(50.0),
            (true, true) => figure.at_most(1000.0),
            // Nobody waits for these at night.
            (true, false) => figure,
        }
    };
    Ok(figures.map(|(what, runs)| figure(what, runs)).collect())
}

/// A store with one real version, on its way to many.
struct History {
    store: Store,
    registry: Registry,
    production: StageName,
    /// Of every certificate.
    policy: Digest,
    start: Time,
    /// How many.
    events: u64,
}

impl History {
    fn open(mlrun: &Mlrun, policy: Digest, events: u64) -> Result<Self> {
        let backend: Arc<dyn Backend> = Arc::new(Disk::new(mlrun.folder.join(".mlrun")));
        let store = Store::open(Arc::clone(&backend))?;
        let now = SystemClock.now();
        Ok(Self {
            registry: Registry::new(backend, store.repository().to_owned(), Arc::new(SystemClock)),
            store,
            events,
            production: StageName::new("production")?,
            policy,
            start: now,
        })
    }

    /// When event `seq` was.
    fn time(&self, seq: u64) -> Result<Time> {
        Time::from_milliseconds(self.start.milliseconds() + (seq as i64 - self.events as i64) * MINUTE)
            .context("no such time")
    }

    /// As many versions as a history of that length has, in packs of their own as long as those are not too many; the real one
    /// is the first.
    fn snapshots(&self, real: &State) -> Result<Vec<(SnapshotId, TreeId)>> {
        let first = *real.latest().context("no version")?;
        let template = snapshot::load(&self.store, first.snapshot)?;
        // Three events of each, and after every third a rollback.
        let versions = (self.events * 3 / 10) as u32;
        let mut all = vec![(first.snapshot, first.model_tree)];
        let numbers: Vec<u32> = (2..=versions).collect();
        for together in numbers.chunks((versions as usize).div_ceil(PACKS)) {
            let mut writer = self.store.writer();
            for number in together {
                all.push(small_snapshot(&mut writer, &template, *number)?);
            }
            writer.finish()?;
        }
        Ok(all)
    }

    /// Everything that happened: snapshot, certify, promote, and after every third promotion a rollback.
    ///
    /// The history begins anew, in the past: the real version becomes its first one.
    fn write(&self, mlrun: &Mlrun, name: &str, real: &State, snapshots: &[(SnapshotId, TreeId)]) -> Result<()> {
        let model = ModelName::new(name)?;
        let first = *real.latest().context("no version")?;
        let folder = mlrun.folder.join(".mlrun/journal").join(model.folder());
        fs::create_dir_all(&folder)?;
        let mut state = State::before_creation(model.clone());
        let append = |state: &mut State, body: EventBody| -> Result<()> {
            let record = EventRecord {
                format: event::FORMAT.to_owned(),
                model: model.clone(),
                seq: state.seq() + 1,
                prev: state.head.map(|head| head.id),
                time: self.time(state.seq() + 1)?,
                clock: None,
                actor: actor(),
                body,
            };
            let (bytes, id) = event::encode(&record)?;
            state.apply(&record, id)?;
            Ok(fs::write(folder.join(format!("{:016}", record.seq)), bytes)?)
        };
        append(&mut state, EventBody::Create { repository: real.repository.clone() })?;
        let mut promotions = 0;
        while let Some((id, model_tree)) = snapshots.get(state.versions.len()).copied() {
            let number = state.versions.len() as u32 + 1;
            let (version, parent) = (Version(number), state.latest().map(|latest| latest.snapshot));
            append(
                &mut state,
                EventBody::Snapshot { version, snapshot: id, parent, observation: first.observation, model_tree },
            )?;
            let certified = self.certified(&state, id)?;
            append(&mut state, certified)?;
            let held = state.occupant(&self.production).map(|held| held.snapshot);
            let rules = || RulesRecord {
                policy: Some(self.policy),
                stage: StageRulesRecord {
                    certificate: true,
                    from: Vec::new(),
                    valid_for: 30 * 86_400,
                    ..StageRulesRecord::default()
                },
            };
            let promoted = EventBody::Promote {
                stage: self.production.clone(),
                version,
                snapshot: id,
                replaces: held,
                certificate: Some(CertificateId::new(Digest::of(&number.to_le_bytes()))),
                adopts: held.is_none().then(rules),
                approvals: Vec::new(),
                no_hooks: false,
                after: Vec::new(),
                reason: None,
            };
            append(&mut state, promoted)?;
            promotions += 1;
            let before = held.filter(|_| promotions % 3 == 0).and_then(|held| state.version_of(held)).copied();
            if let Some(back) = before {
                let fled = EventBody::Rollback {
                    stage: self.production.clone(),
                    version: back.version,
                    snapshot: back.snapshot,
                    replaces: Some(id),
                    reason: "alerts on the German segment".to_owned(),
                    blocks: vec![id],
                    unblocks: Vec::new(),
                    no_hooks: false,
                    after: Vec::new(),
                    skipped: Vec::new(),
                };
                append(&mut state, fled)?;
            }
        }
        // As the library leaves it behind every event.
        let head = head::encode(&state.head.context("no event")?)?;
        let heads = mlrun.folder.join(".mlrun/cache/heads");
        fs::create_dir_all(&heads)?;
        Ok(fs::write(heads.join(model.folder()), head)?)
    }

    /// Certified against whatever production holds, as far as the journal is concerned.
    fn certified(&self, state: &State, snapshot: SnapshotId) -> Result<EventBody, JournalError> {
        let held = state.occupant(&self.production);
        Ok(EventBody::Certify {
            snapshot,
            certificate: CertificateId::new(Digest::of(snapshot.to_string().as_bytes())),
            verdict: Verdict::Pass,
            stage: self.production.clone(),
            baseline: held.map(|held| held.snapshot),
            baseline_event: held.map(|held| held.event),
            policy: self.policy,
            expires: self.start.after(std::time::Duration::from_secs(30 * 86_400)),
            proposed: false,
            first_release: None,
            sets: Vec::new(),
            waivers: Vec::new(),
        })
    }
}

/// A version like the first one, with another file of 1 KB.
fn small_snapshot(writer: &mut Writer<'_>, template: &SnapshotRecord, number: u32) -> Result<(SnapshotId, TreeId)> {
    let bytes = number.to_le_bytes().repeat(250);
    let file = writer.put_bytes(&bytes, &Silent)?;
    let entry = TreeEntry {
        name: "w.bin".to_owned(),
        kind: EntryKind::File,
        id: Some(file.id.digest()),
        size: file.size,
        target: None,
    };
    let tree = writer.put_tree(&TreeRecord::new(vec![entry]))?;
    let mut record = template.clone();
    record.model_files.tree = tree;
    let id = writer.put_record(&canonical::encode("snapshot", &record)?)?;
    Ok((SnapshotId::new(id), tree))
}

fn actor() -> ActorRecord {
    let text = |text: &str| Some(text.to_owned());
    ActorRecord { name: text("Ana Moreira"), email: text("ana@example.org"), host: text("ws-1"), ci: None }
}
