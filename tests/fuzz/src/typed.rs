//! What people type: configuration, policies, revisions, names, times.

use std::fs;

use mlrun::certify::policy as rules;
use mlrun::clock::{Moment, Time, describe_duration, parse_duration};
use mlrun::digest::Digest;
use mlrun::format::canonical;
use mlrun::format::policy::{FORMAT, PolicyRecord};
use mlrun::name::{ModelName, SetName, StageName, Version};
use mlrun::nearest::nearest_key;
use mlrun::repository::config::{parse_size, stage_rules};
use mlrun::repository::{CONFIG, Config, LOCAL_CONFIG};
use mlrun::revision::Revision;
use mlrun::store::index::Prefix;

use crate::folder;

/// `mlrun.toml`, and behind a NUL what overrides it.
pub fn config(data: &[u8]) {
    let project = folder();
    let (shared, local) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    fs::write(project.join(CONFIG), shared).expect("a temporary file can be written");
    let _ = fs::remove_file(project.join(LOCAL_CONFIG));
    if let Some(local) = local.get(1..) {
        fs::write(project.join(LOCAL_CONFIG), local).expect("a temporary file can be written");
    }
    let Ok(config) = Config::read(&project) else { return };
    let _ = config.untracked_limit();
    for model in config.file.model.named.keys() {
        let _ = config.policy(model);
        for stage in config.stages(model) {
            stage_rules(&config.stage(model, &stage).expect("a stage that is listed"), &config.roles(model));
        }
    }
}

/// A policy: one that can be resolved has a record that is read as it was written.
pub fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(record) = rules::parse(text).and_then(|file| rules::resolve(&file)) else { return };
    let (bytes, _) = rules::digest(&record).expect("a policy can be recorded");
    assert_eq!(canonical::decode::<PolicyRecord>(FORMAT, &bytes).expect("what was written can be read"), record);
}

/// Words of the command line: what is printed reads as what it was read from.
pub fn words(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for is_model in [true, false] {
        if let Ok(revision) = Revision::parse(text, &|_| is_model) {
            assert_eq!(Revision::parse(&revision.to_string(), &|_| is_model), Ok(revision));
        }
    }
    if let Ok(name) = ModelName::new(text) {
        assert_eq!(ModelName::of_folder(&name.folder()), Ok(name));
    }
    let _ = (ModelName::of_folder(text), StageName::new(text), SetName::new(text), Prefix::parse(text));
    if let Some(version) = Version::parse(text) {
        assert_eq!(version.to_string(), text);
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(time) = Time::parse_rfc3339(text) {
        assert_eq!(Time::parse_rfc3339(&time.to_string()), Ok(time));
    }
    let now = Time::from_milliseconds(1_800_000_000_000).expect("a time");
    if let Ok(moment) = Moment::parse(text, now) {
        let _ = (moment.instant().to_string(), moment.instant().since(now), now.since(moment.instant()));
    }
    if let Some(duration) = parse_duration(text) {
        let _ = (describe_duration(duration), now.after(duration).to_string());
    }
    let _ = (parse_size(text), nearest_key(text));
}
