//! What is asked of the stages of a model: by `[stage.NAME]`, over it by the sections of the prefixes that its name has, from the shortest to
//! the longest, and over those by its own section.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::hooks;
use crate::clock;
use crate::format::config::{CertificateNeed, ConfigFile, StageFile};
use crate::format::event::StageRulesRecord;
use crate::name::{ModelName, StageName};
use crate::nearest::{nearest, suggestion};
use crate::registry::quorum::{Voice, quorum};

/// How long a certificate counts unless said: 30 days.
pub const VALID_FOR: Duration = Duration::from_secs(30 * 86_400);

type Roles = BTreeMap<String, Vec<String>>;

/// The sections that speak of a model, the least specific first.
pub(super) struct Sections<'c>(Vec<Section<'c>>);

struct Section<'c> {
    /// What stands in front of its keys: nothing, or `model.fraud.`
    key: String,
    stage: &'c BTreeMap<StageName, StageFile>,
    roles: &'c Roles,
}

impl<'c> Sections<'c> {
    /// Those of a model.
    pub(super) fn of(file: &'c ConfigFile, model: &ModelName) -> Self {
        let mut sections = Self::of_prefixes(file, model.as_str());
        sections.0.extend(file.model.named.get(model).map(|own| Section {
            key: format!("model.{model}."),
            stage: &own.stage,
            roles: &own.roles,
        }));
        sections
    }

    /// Those of every model whose name begins as `name` does.
    fn of_prefixes(file: &'c ConfigFile, name: &str) -> Self {
        let general = Section { key: String::new(), stage: &file.stage, roles: &file.roles };
        let prefixes = file.model.prefixes_of(name).map(|(prefix, file)| Section {
            key: format!("model.{prefix}."),
            stage: &file.stage,
            roles: &file.roles,
        });
        Self([general].into_iter().chain(prefixes).collect())
    }

    /// What a stage asks; none if no section declares it.
    pub(super) fn stage(&self, stage: &StageName) -> Option<StageFile> {
        let said = self.0.iter().filter_map(|section| section.stage.get(stage));
        said.fold(None, |below: Option<StageFile>, above| {
            Some(below.map_or_else(|| above.clone(), |below| above.over(&below)))
        })
    }

    /// Every stage that is declared.
    pub(super) fn stages(&self) -> BTreeSet<&'c StageName> {
        self.0.iter().flat_map(|section| section.stage.keys()).collect()
    }

    /// Who has which role: the most specific section that names a role names all of its people.
    pub(super) fn roles(&self) -> Roles {
        self.0.iter().flat_map(|section| section.roles.clone()).collect()
    }

    /// What is wrong with the most specific of them: a dotted key, and why.
    fn check(&self, known: &BTreeSet<&StageName>) -> Result<(), (String, String)> {
        let Some(section) = self.0.last() else { return Ok(()) };
        let roles = self.roles();
        for (name, stage) in section.stage {
            let key = |key: &str| format!("{}stage.{name}.{key}", section.key);
            // `--expect-current none` is an empty stage, and `now` is a time.
            if let word @ ("none" | "now") = name.as_str() {
                return Err((format!("{}stage.{name}", section.key), format!("a stage cannot be called `{word}`")));
            }
            if let Some(text) = &stage.valid_for
                && clock::parse_duration(text).is_none_or(|d| d.is_zero())
            {
                return Err((key("valid_for"), format!("`{text}` is not a length of time such as `30d`")));
            }
            hooks::check(stage).map_err(|(name, reason)| (key(name), reason))?;
            if let Some(role) = stage.waivers.iter().flatten().find(|role| !roles.contains_key(*role)) {
                return Err((key("waivers"), no_role(role, &roles)));
            }
            if let Some(from) = stage.from.iter().flatten().find(|from| !known.contains(from)) {
                let near = suggestion(&nearest(from.as_str(), known.iter().map(|stage| stage.as_str())));
                return Err((key("from"), format!("there is no stage `{from}`{near}")));
            }
        }
        // Whoever changes who has a role may leave a stage without people that is declared elsewhere.
        for name in self.stages() {
            let own = section.stage.get(name).is_some_and(|stage| stage.approvals.is_some());
            let asked = self.stage(name).and_then(|stage| stage.approvals);
            if let Some(reason) =
                asked.filter(|_| own || !section.roles.is_empty()).and_then(|a| unfillable(&a, &roles))
            {
                return Err(match own {
                    true => (format!("{}stage.{name}.approvals", section.key), reason),
                    false => (format!("{}roles", section.key), format!("for `{name}`, {reason}")),
                });
            }
        }
        Ok(())
    }
}

/// What is wrong with the stages of a configuration: a dotted key, and why.
pub(super) fn check(file: &ConfigFile) -> Result<(), (String, String)> {
    let models = &file.model;
    let special = models.named.values().map(|model| &model.stage).chain(models.prefixes.values().map(|p| &p.stage));
    let known: BTreeSet<&StageName> = special.chain([&file.stage]).flat_map(BTreeMap::keys).collect();
    Sections::of_prefixes(file, "").check(&known)?;
    for prefix in models.prefixes.keys() {
        Sections::of_prefixes(file, prefix.as_str()).check(&known)?;
    }
    models.named.keys().try_for_each(|model| Sections::of(file, model).check(&known))
}

fn no_role(role: &str, roles: &Roles) -> String {
    let near = suggestion(&nearest(role, roles.keys().map(String::as_str)));
    format!("there is no role `{role}` in `[roles]`{near}")
}

/// Why nobody could ever give the approvals that are asked for.
fn unfillable(asked: &BTreeMap<String, u32>, roles: &Roles) -> Option<String> {
    if let Some(role) = asked.keys().find(|role| !roles.contains_key(*role)) {
        return Some(no_role(role, roles));
    }
    let everybody = asked
        .keys()
        .flat_map(|role| people(role, roles).into_iter().map(|person| Voice { seq: 0, role: role.clone(), person }));
    let missing = quorum(asked, &everybody.collect::<Vec<_>>()).missing;
    let (role, missing) = missing.into_iter().next()?;
    let people = if missing == 1 { "person" } else { "people" };
    Some(format!("the role `{role}` has {missing} {people} too few: nobody fills two roles"))
}

/// What a stage asks, with the defaults spelled out. Who has a role is part of it: else anybody who can edit the file could
/// take one. The files that `signers` and `before` name are not read here.
pub fn stage_rules(stage: &StageFile, roles: &BTreeMap<String, Vec<String>>) -> StageRulesRecord {
    fn of_people<'r>(named: impl Iterator<Item = &'r String>, roles: &Roles) -> Roles {
        named.map(|role| (role.clone(), people(role, roles))).collect()
    }
    let valid_for = stage.valid_for.as_deref().and_then(clock::parse_duration).unwrap_or(VALID_FOR);
    let approvals: BTreeMap<String, u32> =
        stage.approvals.iter().flatten().filter(|(_, count)| **count > 0).map(|(role, n)| (role.clone(), *n)).collect();
    StageRulesRecord {
        certificate: stage.certificate != Some(CertificateNeed::None),
        from: stage.from.clone().unwrap_or_default(),
        valid_for: valid_for.as_secs(),
        waivers: of_people(stage.waivers.iter().flatten(), roles),
        people: of_people(approvals.keys(), roles),
        approvals,
        signers: None,
        self_approval: stage.self_approval == Some(true),
        before: stage.before.clone().unwrap_or_default(),
        scripts: BTreeMap::new(),
    }
}

/// The addresses of those who have a role, in one order and each once.
fn people(role: &str, roles: &Roles) -> Vec<String> {
    let people: BTreeSet<String> = roles.get(role).into_iter().flatten().map(|one| one.to_lowercase()).collect();
    people.into_iter().collect()
}
