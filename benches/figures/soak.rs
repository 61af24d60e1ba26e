//! `soak` and `kills`: all writing verbs at one model, from 64 processes for minutes, and killed at any moment. Not only fast:
//! nothing may be lost, of a race one wins, and nobody has to repair anything.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::data;
use crate::report::Figure;
use crate::run::Mlrun;

const PROCESSES: u64 = 64;
const KILLS: u64 = 500;
const CONFIG: &str = "schema = 1\n[model.bench]\nfiles = [\"model\"]\nmetrics = [\"metrics.json\"]\npolicy = \"policy.toml\"\n\
                      [stage.staging]\ncertificate = \"none\"\n[stage.production]\ncertificate = \"none\"\n\
                      [roles]\nlead = [\"ana@example.org\"]\n";
const POLICY: &str = "schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"auc\"\n\
                      metric = { reported = \"auc\", better = \"higher\" }\nmin = 0.5\non = \"point\"\n";

/// A verb that was run: its line, what it said, and how it ended.
type Ran = (String, Value, Option<i32>);

/// Numbers as good as random, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % most
    }
}

/// A project with four versions and something in production.
fn begin(mlrun: &Mlrun) -> Result<()> {
    for (name, text) in [
        ("mlrun.toml", CONFIG),
        ("policy.toml", POLICY),
        ("metrics.json", "{\"auc\": 0.9}"),
        ("samples.csv", "ms\n1.5\n2.5\n"),
    ] {
        fs::write(mlrun.folder.join(name), text)?;
    }
    data::noise(&mlrun.folder.join("model/w.bin"), 100_000, 0)?;
    mlrun.run("init")?;
    for n in 1..=4 {
        mlrun.run(&format!("snapshot bench --param begin={n}"))?;
    }
    mlrun.run("promote bench@v1 --to production")?;
    mlrun.run("promote bench@v2 --to production").map(drop)
}

/// Any verb that writes, about any of the versions there surely are.
fn any_verb(chance: &mut Chance, versions: u64, mark: &str) -> String {
    let version = format!("bench@v{}", chance.below(versions) + 1);
    let stage = ["staging", "production"][chance.below(2) as usize];
    match chance.below(16) {
        0..=2 => format!("snapshot bench --param mark={mark}"),
        3 => format!("certify {version} --first-release --reason {mark}"),
        4..=6 => format!("promote {version} --to {stage}"),
        7 => format!("rollback bench --stage {stage} --from {version} --reason {mark}"),
        8 => format!("rollback bench --stage {stage} --to {version} --unblock --reason {mark}"),
        9 => format!("block {version} --stage {stage} --reason {mark}"),
        10 => format!("unblock {version} --reason {mark}"),
        11 => format!("retire bench --stage staging --reason {mark}"),
        12 => format!("waive {version} --rule auc --expires 2099-01-01 --reason {mark}"),
        13 => format!("attach {version} samples.csv --set latency --column ms --reason {mark}"),
        14 => format!("drop {version} --reason {mark}"),
        _ => "gc".to_owned(),
    }
}

/// What the verbs may say: done, a plain no, the wrong thing to ask now, or that somebody was first.
fn check(line: &str, output: &Output) -> Result<Value> {
    let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0 | 1 | 2 | 3 | 5 | 6) => {
            serde_json::from_slice(&output.stdout).with_context(|| format!("{line}: {}", said()))
        }
        _ => bail!("{line}: {}: {}", output.status, said()),
    }
}

/// The event of the model's journal that a verb says it made.
fn made(line: &str, object: &Value) -> Option<(u64, String)> {
    let event = object.get("event").filter(|_| line != "gc")?;
    Some((event.get("seq")?.as_u64()?, event.get("id")?.as_str()?.to_owned()))
}

/// What the journal holds, by number. It is whole, every stage moved from what it held, and so says `verify`.
fn journal(mlrun: &Mlrun) -> Result<BTreeMap<u64, Value>> {
    let log = mlrun.json("log")?;
    let events = log["events"].as_array().context("no events")?;
    let events: BTreeMap<u64, Value> =
        events.iter().filter_map(|event| Some((event["seq"].as_u64()?, event.clone()))).collect();
    ensure!(events.keys().copied().eq(1..=events.len() as u64), "the journal has gaps");
    let mut holds: BTreeMap<String, Value> = BTreeMap::new();
    for event in events.values() {
        let stage = event["stage"].as_str().unwrap_or_default().to_owned();
        match event["kind"].as_str() {
            Some("promote" | "force" | "rollback") => {
                let before = holds.insert(stage, event["snapshot"].clone()).unwrap_or_default();
                ensure!(event["replaces"] == before, "a move from what was not there: {event}");
            }
            Some("retire") => drop(holds.insert(stage, Value::Null)),
            _ => {}
        }
    }
    mlrun.run("verify")?;
    Ok(events)
}

/// 64 processes at once, each verb after verb; now and then all of them promote from the same state.
pub(crate) fn soak(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    begin(mlrun)?;
    let seconds = mlrun.seconds().unwrap_or(120);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut told, mut lost, mut verbs, mut rounds) = (BTreeMap::new(), 0_u64, 0_u64, Vec::new());
    let versions = AtomicU64::new(4);
    for round in 0_u64.. {
        if Instant::now() >= until {
            break;
        }
        let start = Instant::now();
        let current =
            mlrun.json("at --stage production")?["stages"][0]["version"].as_str().unwrap_or("none").to_owned();
        let done: Vec<Result<Vec<Ran>>> = std::thread::scope(|scope| {
            let one = |n: u64| {
                let (mut chance, versions, current) =
                    (Chance((round * PROCESSES + n + 1) * 0x9e37_79b9), &versions, &current);
                move || {
                    // All are at the same stage first, and of all versions.
                    let any = versions.load(Ordering::Relaxed);
                    let race = format!("promote bench@v{} --to production --expect-current {current}", n % any + 1);
                    let mixed = (0..3).map(|k| any_verb(&mut chance, any, &format!("{round}.{n}.{k}")));
                    let mut said = Vec::new();
                    for line in std::iter::once(race).chain(mixed) {
                        let output = mlrun.command(&format!("{line} --json")).output()?;
                        let object = check(&line, &output)?;
                        said.push((line, object, output.status.code()));
                    }
                    Ok(said)
                }
            };
            let runners: Vec<_> = (0..PROCESSES).map(|n| scope.spawn(one(n))).collect();
            runners.into_iter().map(|runner| runner.join().unwrap_or_else(|_| bail!("a runner failed"))).collect()
        });
        let done: Vec<_> = done.into_iter().collect::<Result<_>>()?;
        let mut winners = 0;
        for said in &done {
            for (place, (line, object, code)) in said.iter().enumerate() {
                verbs += 1;
                let event = made(line, object);
                ensure!(event.is_none() || *code == Some(0), "{line} made an event and exits {code:?}");
                if place == 0 {
                    winners += u64::from(event.is_some());
                    lost += u64::from(*code == Some(5));
                }
                if let Some(version) = object["version"].as_str().filter(|_| line.starts_with("snapshot")) {
                    let number = version.trim_start_matches('v').parse().unwrap_or(0);
                    versions.fetch_max(number, Ordering::Relaxed);
                }
                if let Some((seq, id)) = event {
                    ensure!(told.insert(seq, id).is_none(), "event {seq} was made twice");
                }
            }
        }
        ensure!(winners <= 1, "round {round}: {winners} promotions from the same state");
        rounds.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let events = journal(mlrun)?;
    for (seq, id) in &told {
        let found = events.get(seq).and_then(|event| event["id"].as_str());
        ensure!(found == Some(id.as_str()), "event {seq} was made and is not there");
    }
    // What was there before the first round. `certify` tells of its certificate, not of the event.
    let unclaimed = events.iter().filter(|(seq, event)| !told.contains_key(seq) && event["kind"] != "certify");
    let unclaimed: Vec<_> = unclaimed.collect();
    ensure!(unclaimed.len() == 7, "{} events that nobody made: {unclaimed:?}", unclaimed.len());
    println!(
        "soak: {verbs} verbs of {PROCESSES} processes in {seconds} s, {} events, {lost} lost a race, none was lost",
        events.len()
    );
    Ok(vec![Figure::new(format!("{PROCESSES} × 4 verbs"), "ms", rounds)])
}

/// Any writing verb, killed at any moment; the next one goes through.
pub(crate) fn kills(mlrun: &Mlrun) -> Result<Vec<Figure>> {
    begin(mlrun)?;
    let mut chance = Chance(0x6d6c_7275_6e21);
    let (mut killed, mut told, mut after) = (0, BTreeMap::new(), Vec::new());
    // A snapshot takes about so long: a moment in it is a moment of any verb.
    let longest = (0..3)
        .map(|n| mlrun.time(&format!("snapshot bench --param warm={n}")))
        .try_fold(0.0, |most: f64, took| took.map(|took| most.max(took)))?;
    let mut versions = 7;
    let mut tries = 0;
    while killed < KILLS {
        let n = tries;
        tries += 1;
        let line = any_verb(&mut chance, versions, &format!("killed.{n}"));
        let mut child =
            mlrun.command(&format!("{line} --json")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let wait = Duration::from_micros(chance.below((longest * 1e3) as u64 + 1));
        let start = Instant::now();
        while start.elapsed() < wait {
            std::thread::yield_now();
        }
        // One that is done already cannot be killed any more.
        let _ = child.kill();
        let output = child.wait_with_output()?;
        killed += u64::from(output.status.code().is_none());
        let line_after = any_verb(&mut chance, versions, &format!("after.{n}"));
        let start = Instant::now();
        let next = mlrun.command(&format!("{line_after} --json")).output()?;
        after.push(start.elapsed().as_secs_f64() * 1e3);
        let said = check(&line_after, &next).with_context(|| format!("after `{line}` was killed"))?;
        for (line, object) in [(&line, serde_json::from_slice(&output.stdout).unwrap_or_default()), (&line_after, said)]
        {
            if let Some(version) = object["version"].as_str().filter(|_| line.starts_with("snapshot")) {
                versions = versions.max(version.trim_start_matches('v').parse().unwrap_or(0));
            }
            told.extend(made(line, &object));
        }
    }
    let events = journal(mlrun)?;
    for (seq, id) in &told {
        let found = events.get(seq).and_then(|event| event["id"].as_str());
        ensure!(found == Some(id.as_str()), "event {seq} was told and is not there");
    }
    // Whoever writes next sweeps.
    mlrun.run("snapshot bench --param last=1")?;
    // Whoever died before its folder was locked leaves an empty one, which for an hour is taken for that of somebody about to lock.
    let left = fs::read_dir(mlrun.folder.join(".mlrun/tmp")).into_iter().flatten();
    let kept = left.filter_map(|entry| fs::read_dir(entry.ok()?.path()).ok()?.next()).count();
    ensure!(kept == 0, "temporary files stay");
    println!("kills: {killed} of {tries} died, {} events, all that were told are there", events.len());
    Ok(vec![Figure::new("the verb after a kill", "ms", after)])
}
