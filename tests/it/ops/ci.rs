//! Variables as the providers document them, and what an event says of them.

use mlrun::format::event::CiRecord;
use mlrun::ops::ci::job;

fn of(variables: &[(&str, &str)]) -> Option<CiRecord> {
    job(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
}

fn expected(provider: &str, run_url: &str, commit: &str, begun_by: Option<&str>) -> Option<CiRecord> {
    Some(CiRecord {
        provider: provider.to_owned(),
        run_url: Some(run_url.to_owned()),
        commit: Some(commit.to_owned()),
        begun_by: begun_by.map(str::to_owned),
    })
}

const COMMIT: &str = "ffac537e6cbbf934b08745a378932722df287a53";

#[test]
fn every_provider_says_where_the_run_is_and_of_which_commit() {
    let github = of(&[
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "octocat/Hello-World"),
        ("GITHUB_RUN_ID", "1658821493"),
        ("GITHUB_SHA", COMMIT),
        ("GITHUB_ACTOR", "octocat"),
    ]);
    let run = "https://github.com/octocat/Hello-World/actions/runs/1658821493";
    assert_eq!(github, expected("github-actions", run, COMMIT, Some("octocat")));
    let gitlab = of(&[
        ("CI", "true"),
        ("GITLAB_CI", "true"),
        ("CI_JOB_URL", "https://gitlab.com/my/project/-/jobs/50"),
        ("CI_COMMIT_SHA", COMMIT),
        ("GITLAB_USER_LOGIN", "ana"),
    ]);
    assert_eq!(gitlab, expected("gitlab-ci", "https://gitlab.com/my/project/-/jobs/50", COMMIT, Some("ana")));
    let azure = of(&[
        ("TF_BUILD", "True"),
        ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/fabrikamfiber/"),
        ("SYSTEM_TEAMPROJECT", "My Project"),
        ("BUILD_BUILDID", "17"),
        ("BUILD_SOURCEVERSION", COMMIT),
        ("BUILD_REQUESTEDFOR", "Ana Lopes"),
    ]);
    let run = "https://dev.azure.com/fabrikamfiber/My%20Project/_build/results?buildId=17";
    assert_eq!(azure, expected("azure-pipelines", run, COMMIT, Some("Ana Lopes")));
    let circle = of(&[
        ("CI", "true"),
        ("CIRCLECI", "true"),
        ("CIRCLE_BUILD_URL", "https://circleci.com/gh/circleci/frontend/933"),
        ("CIRCLE_SHA1", COMMIT),
        ("CIRCLE_USERNAME", "ana"),
    ]);
    assert_eq!(circle, expected("circleci", "https://circleci.com/gh/circleci/frontend/933", COMMIT, Some("ana")));
    let travis = of(&[
        ("CI", "true"),
        ("TRAVIS", "true"),
        ("TRAVIS_BUILD_WEB_URL", "https://travis-ci.com/o/r/builds/7"),
        ("TRAVIS_COMMIT", COMMIT),
    ]);
    assert_eq!(travis, expected("travis-ci", "https://travis-ci.com/o/r/builds/7", COMMIT, None));
    let jenkins = of(&[
        ("JENKINS_URL", "https://ci.example.org/"),
        ("BUILD_URL", "https://ci.example.org/job/MyJob/17/"),
        ("GIT_COMMIT", COMMIT),
    ]);
    assert_eq!(jenkins, expected("jenkins", "https://ci.example.org/job/MyJob/17/", COMMIT, None));
}

#[test]
fn what_is_not_set_is_not_made_up() {
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[("CI", ""), ("GITHUB_ACTIONS", "")]), None);
    let known_by = ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "CIRCLECI", "TRAVIS"];
    for (name, value) in known_by.iter().flat_map(|name| [(*name, "false"), (*name, "False"), (*name, "0")]) {
        assert_eq!(of(&[(name, value)]), None, "{name}={value}");
        assert_eq!(of(&[(name, value), ("JENKINS_URL", "https://ci.example.org/")]).unwrap().provider, "jenkins");
    }
    let unknown = of(&[("CI", "1")]).unwrap();
    assert_eq!(unknown, CiRecord { provider: "unknown".to_owned(), ..CiRecord::default() });
    let partly = of(&[("GITHUB_ACTIONS", "true"), ("GITHUB_SERVER_URL", "https://github.com")]).unwrap();
    assert_eq!((partly.run_url, partly.commit), (None, None));
    // An agent of Jenkins that runs another provider's job has both.
    let both = of(&[("JENKINS_URL", "https://ci.example.org/"), ("GITLAB_CI", "true")]).unwrap();
    assert_eq!(both.provider, "gitlab-ci");
}

#[test]
fn secrets_and_control_characters_stay_out_of_the_journal() {
    let job = of(&[
        ("GITLAB_CI", "true"),
        ("CI_JOB_URL", "https://ana:glpat-abcdefghij0123456789@gitlab.com/my/project/-/jobs/50"),
        ("GITLAB_USER_LOGIN", "ana\u{1b}[31m\n"),
    ])
    .unwrap();
    assert!(!job.run_url.unwrap().contains("glpat"));
    assert_eq!(job.begun_by.unwrap(), "ana[31m");
}
