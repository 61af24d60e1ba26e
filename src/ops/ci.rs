//! The CI job this runs in, as far as its variables tell.
//!
//! | provider | known by | run | commit | begun by |
//! |---|---|---|---|---|
//! | GitHub Actions | `GITHUB_ACTIONS` | `GITHUB_SERVER_URL`, `GITHUB_REPOSITORY`, `GITHUB_RUN_ID` | `GITHUB_SHA` | `GITHUB_ACTOR` |
//! | GitLab | `GITLAB_CI` | `CI_JOB_URL` | `CI_COMMIT_SHA` | `GITLAB_USER_LOGIN` |
//! | Azure Pipelines | `TF_BUILD` | `SYSTEM_COLLECTIONURI`, `SYSTEM_TEAMPROJECT`, `BUILD_BUILDID` | `BUILD_SOURCEVERSION` | `BUILD_REQUESTEDFOR` |
//! | CircleCI | `CIRCLECI` | `CIRCLE_BUILD_URL` | `CIRCLE_SHA1` | `CIRCLE_USERNAME` |
//! | Travis CI | `TRAVIS` | `TRAVIS_BUILD_WEB_URL` | `TRAVIS_COMMIT` | – |
//! | Jenkins | `JENKINS_URL` | `BUILD_URL` | `GIT_COMMIT` | `BUILD_USER_ID`, of a plugin |
//! | others | `CI` | – | – | – |

use crate::capture::secrets::Scanner;
use crate::format::event::CiRecord;

/// A variable of the environment, where it is set and not empty.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

struct Provider {
    name: &'static str,
    known_by: &'static str,
    run_url: fn(Variables<'_>) -> Option<String>,
    commit: &'static str,
    begun_by: Option<&'static str>,
}

/// Jenkins last: its variable may be set for a whole machine on which others' jobs run, too.
const PROVIDERS: [Provider; 6] = [
    Provider {
        name: "github-actions",
        known_by: "GITHUB_ACTIONS",
        run_url: |set| {
            let (server, repository) = (set("GITHUB_SERVER_URL")?, set("GITHUB_REPOSITORY")?);
            Some(format!("{server}/{repository}/actions/runs/{}", set("GITHUB_RUN_ID")?))
        },
        commit: "GITHUB_SHA",
        begun_by: Some("GITHUB_ACTOR"),
    },
    Provider {
        name: "gitlab-ci",
        known_by: "GITLAB_CI",
        run_url: |set| set("CI_JOB_URL"),
        commit: "CI_COMMIT_SHA",
        begun_by: Some("GITLAB_USER_LOGIN"),
    },
    Provider {
        name: "azure-pipelines",
        known_by: "TF_BUILD",
        run_url: |set| {
            let collection = set("SYSTEM_COLLECTIONURI").or_else(|| set("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"))?;
            let project = set("SYSTEM_TEAMPROJECT")?.replace(' ', "%20");
            let collection = collection.trim_end_matches('/');
            Some(format!("{collection}/{project}/_build/results?buildId={}", set("BUILD_BUILDID")?))
        },
        commit: "BUILD_SOURCEVERSION",
        begun_by: Some("BUILD_REQUESTEDFOR"),
    },
    Provider {
        name: "circleci",
        known_by: "CIRCLECI",
        run_url: |set| set("CIRCLE_BUILD_URL"),
        commit: "CIRCLE_SHA1",
        begun_by: Some("CIRCLE_USERNAME"),
    },
    Provider {
        name: "travis-ci",
        known_by: "TRAVIS",
        run_url: |set| set("TRAVIS_BUILD_WEB_URL"),
        commit: "TRAVIS_COMMIT",
        begun_by: None,
    },
    Provider {
        name: "jenkins",
        known_by: "JENKINS_URL",
        run_url: |set| set("BUILD_URL"),
        commit: "GIT_COMMIT",
        begun_by: Some("BUILD_USER_ID"),
    },
];
/// No variable of a CI system is longer.
const LONGEST: usize = 2_000;

/// The job that `variable` tells of; none outside of CI.
pub fn job(variable: Variables<'_>) -> Option<CiRecord> {
    let plain = |text: String| {
        let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        // Addresses of runs and repositories have been seen with passwords in them.
        Scanner::new(&[]).redact(&text).0
    };
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    // Set to `false` by hand it says that this is none.
    let says_yes = |name: &str| set(name).is_some_and(|value| !value.eq_ignore_ascii_case("false") && value != "0");
    if let Some(provider) = PROVIDERS.iter().find(|provider| says_yes(provider.known_by)) {
        return Some(CiRecord {
            provider: provider.name.to_owned(),
            run_url: (provider.run_url)(&set).map(plain),
            commit: set(provider.commit).map(plain),
            begun_by: provider.begun_by.and_then(set).map(plain),
        });
    }
    says_yes("CI").then(|| CiRecord { provider: "unknown".to_owned(), ..CiRecord::default() })
}
