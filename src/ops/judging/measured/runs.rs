//! The runs of both models, by turns: candidate, baseline, baseline, candidate, and so on. Whatever the machine does meanwhile,
//! it does to both.
//!
//! Where the project does not say how many, they go on until the intervals that rules ask for are narrow, or it has taken long
//! enough (`measure::sequential` has the rule). Where no rule asks how long anything takes, each model runs twice: then it is seen
//! whether it says the same again.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::PathBuf;

use super::Wanted;
use super::intact;
use super::intact::Intact;
use super::line;
use super::line::{Line, Shell};
use super::made;
use super::made::{TIMINGS, Timings};
use super::side::{Input, Laid, Place};
use crate::certify;
use crate::digest::Digest;
use crate::format::measurement::{FreshRecord, Role, RunRecord, SideRecord};
use crate::format::policy::{MeasureRecord, PredictRecord, Quantity, RuleRecord};
use crate::format::tree::is_component;
use crate::id::FileId;
use crate::measure::sequential;
use crate::ops::VerbError;
use crate::ops::error::MeasureError;
use crate::progress::{Progress, Unit};

/// Milliseconds that the timed runs of both models may take together before it is enough, narrow or not.
const LONG_ENOUGH: f64 = 120_000.0;
/// As many timed runs as an interval needs there all the same: with fewer, signed ranks say nothing at 97.5 %. An even number.
const LEAST: u32 = 6;
/// Timed runs where no rule asks how long anything takes.
const UNTIMED: u32 = 2;

/// What is run.
pub(super) struct Runs<'a> {
    pub wanted: &'a Wanted<'a>,
    pub predict: &'a PredictRecord,
    /// What its output is called.
    pub name: &'a str,
    pub shell: &'a Shell<'a>,
    pub laid: &'a BTreeMap<Role, Laid>,
    pub input: Option<&'a Input>,
}

/// What tells a table's format is how its name ends: the fresh one is called as the one recorded.
///
/// # Errors
/// None is recorded.
pub(super) fn output_name(wanted: &Wanted<'_>, predict: &PredictRecord) -> Result<String, VerbError> {
    let candidate = wanted.candidate;
    let Some(recorded) = candidate.record.predictions_of(&predict.set) else {
        let known = candidate.record.predictions.iter().map(|known| known.name.clone()).collect();
        let model = wanted.model.clone();
        return Err(
            MeasureError::NoSet { model, set: predict.set.clone(), label: candidate.label.clone(), known }.into()
        );
    };
    let name = recorded.path.rsplit('/').next().filter(|name| is_component(name) && *name != TIMINGS);
    Ok(name.unwrap_or("predictions.csv").to_owned())
}

/// What became of each model, and where its predictions lie.
type Done = (BTreeMap<Role, SideRecord>, HashMap<FileId, PathBuf>);

/// A model between its runs.
struct Running<'a> {
    at: &'a Place,
    /// What the held-out rows hash to.
    rows: Option<Digest>,
    intact: Intact,
    record: SideRecord,
    fresh: Option<PathBuf>,
}

impl Runs<'_> {
    /// Runs both to the end, or to the first failure of each.
    pub(super) fn run(&self, progress: &dyn Progress) -> Result<Done, VerbError> {
        let mut running: BTreeMap<Role, Running<'_>> = BTreeMap::new();
        let mut sides: BTreeMap<Role, SideRecord> = BTreeMap::new();
        for (role, laid) in self.laid {
            match laid {
                Ok(at) => {
                    let rows = at.input.as_deref().filter(|_| self.input.is_some()).map(intact::digest).transpose();
                    let (rows, failed) = rows.map_or_else(|why| (None, Some(why)), |rows| (rows, None));
                    let record = SideRecord { failed, ..SideRecord::default() };
                    running.insert(*role, Running { at, rows, intact: at.intact(), record, fresh: None });
                }
                Err(why) => {
                    sides.insert(*role, SideRecord { failed: Some(why.clone()), ..SideRecord::default() });
                }
            }
        }
        let warmup = self.predict.warmup;
        let mut goal = self.predict.runs.unwrap_or_else(|| self.first_goal(running.contains_key(&Role::Baseline)));
        progress.begin("measuring", u64::from(warmup + goal) * running.len() as u64, Unit::Items);
        let (mut place, mut round) = (0, 0);
        loop {
            if round == warmup + goal {
                let Some(next) = self.next_goal(goal, &running) else { break };
                progress.end();
                progress.begin("measuring", u64::from(next - goal) * running.len() as u64, Unit::Items);
                goal = next;
            }
            let timed = round >= warmup;
            let mut order: Vec<Role> = running.keys().copied().collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for role in order {
                let Some(side) = running.get_mut(&role).filter(|side| side.record.failed.is_none()) else { continue };
                place += 1;
                self.once(role, side, place, timed)?;
                progress.advance(1);
                // Whoever reaches into the other's folder could put everything back before the end.
                for side in running.values_mut().filter(|side| side.record.failed.is_none()) {
                    side.record.failed = side.intact.touched().map(|changed| side.at.said_of(changed));
                }
            }
            round += 1;
            // Without the candidate nothing can be said.
            let failed = running.get(&Role::Candidate).is_none_or(|side| side.record.failed.is_some());
            if failed || self.is_long_enough(round.saturating_sub(warmup), &running) {
                break;
            }
        }
        progress.end();
        let mut fresh = HashMap::new();
        for (role, mut side) in running {
            if side.record.failed.is_none() {
                side.record.failed = side.intact.changed().map(|changed| side.at.said_of(changed));
            }
            if side.record.failed.is_none()
                && let (Some(before), Some(rows)) = (side.rows, side.at.input.as_deref())
                && intact::digest(rows) != Ok(before)
            {
                side.record.failed = Some("it wrote to the held-out rows".to_owned());
            }
            if side.record.failed.is_some() {
                side.record.predictions = None;
            }
            fresh.extend(side.record.predictions.iter().zip(side.fresh).map(|(made, path)| (made.file, path)));
            sides.insert(role, side.record);
        }
        Ok((sides, fresh))
    }

    /// Timed runs before it is asked for the first time whether they are enough.
    fn first_goal(&self, compared: bool) -> u32 {
        let policy = self.wanted.policy;
        let is_timed = |rule: &RuleRecord| matches!(rule.measure, MeasureRecord::Measured { quantity, .. } if quantity != Quantity::ExitStatus);
        let is_asked = |rule: &RuleRecord| is_timed(rule) && (compared || !rule.is_comparison());
        if policy.rules.iter().any(is_asked) { sequential::FIRST_LOOK } else { UNTIMED }
    }

    /// Timed runs after which it is asked again; none: these are enough.
    fn next_goal(&self, goal: u32, running: &BTreeMap<Role, Running<'_>>) -> Option<u32> {
        let side = |role| running.get(&role).map(|side| &side.record);
        if self.predict.runs.is_some() || goal >= sequential::MOST_RUNS {
            return None;
        }
        let width = certify::half_width(self.wanted.policy, side(Role::Candidate)?, side(Role::Baseline))?;
        (width > sequential::NARROW).then(|| sequential::next_look(goal))
    }

    /// Whether so many timed runs of each have taken long enough. Each model went first as often as the other.
    fn is_long_enough(&self, timed: u32, running: &BTreeMap<Role, Running<'_>>) -> bool {
        let runs = running.values().flat_map(|side| &side.record.runs);
        let taken: f64 = runs.map(|run| run.milliseconds).sum();
        self.predict.runs.is_none() && timed >= LEAST && timed.is_multiple_of(2) && taken >= LONG_ENOUGH
    }

    /// One run of one model.
    fn once(&self, role: Role, side: &mut Running<'_>, place: u32, timed: bool) -> Result<(), VerbError> {
        let name = self.name;
        let out = self.shell.out(&place.to_string())?;
        let (path, timings) = (out.join(name), out.join(TIMINGS));
        let mut places = vec![("model", side.at.model.as_path()), ("output", &path), ("timings", &timings)];
        places.extend(side.at.input.as_deref().map(|input| ("input", input)));
        let variables: Vec<(String, OsString)> =
            self.predict.environment.iter().map(|(name, value)| (name.clone(), value.into())).collect();
        let ended = self.shell.run(&Line {
            command: &self.predict.command,
            places: &places,
            at: side.at,
            out: &out,
            variables: &variables,
            timeout: self.predict.timeout,
            answer: None,
        })?;
        side.record.status = ended.status();
        let made = match ended.failed.clone() {
            Some(why) => Err(why + &self.not_restored(side.at)),
            None => made::output(&path),
        };
        let called = format!("measured/{}/{name}", role.name());
        let result = match made {
            Err(why) => Err(why),
            // The same bytes are as good as the first ones.
            Ok(output) if side.record.predictions.as_ref().is_some_and(|known| known.file == output.id) => Ok(output),
            Ok(output) => match made::check(self.wanted, role, side.at, &path, &called)? {
                Err(why) => Err(why),
                Ok(rows) => {
                    if side.record.predictions.is_some() {
                        side.record.varies |= timed;
                    }
                    if timed && side.fresh.is_none() {
                        let (file, size) = (output.id, output.size);
                        side.record.predictions = Some(FreshRecord { path: called, file, size, rows });
                    }
                    Ok(output)
                }
            },
        };
        let milliseconds = ended.end.took.as_secs_f64() * 1e3;
        let times = result.and_then(|_| made::timings(&out, &self.wanted.needs.latency, milliseconds));
        match times {
            Err(why) => side.record.failed = Some(why),
            Ok(Timings { calls, latency, refused }) if timed => {
                side.record.untimed = side.record.untimed.take().or(refused);
                let peak_memory = ended.end.usage.peak_memory;
                side.record.runs.push(RunRecord { place, milliseconds, peak_memory, calls, latency });
            }
            Ok(_) => {}
        }
        if timed && side.fresh.is_none() && side.record.failed.is_none() {
            side.fresh = Some(path);
        } else {
            self.shell.scratch.discard(&out);
        }
        Ok(())
    }

    /// What a command names that is in the project and not among what was restored.
    fn not_restored(&self, at: &Place) -> String {
        line::not_restored(self.wanted, &self.predict.command, at)
    }
}
