//! The CI system that runs the tests, by its environment variables.

/// A system: the variables that are all set where it runs, those of which the first that is set names the branch, and that of the
/// build's number.
const SYSTEMS: [(&str, &str, &str, &str); 11] = [
    // Before Jenkins, whose variable names others set too.
    ("teamcity", "TEAMCITY_VERSION", "TEAMCITY_BUILD_BRANCH BRANCH_NAME TEAMCITY_BUILDCONF_NAME", "BUILD_NUMBER"),
    ("jenkinsci", "BUILD_NUMBER BRANCH_NAME", "BRANCH_NAME", "BUILD_NUMBER"),
    ("jenkinsci", "BUILD_NUMBER JOB_NAME", "JOB_NAME", "BUILD_NUMBER"),
    ("circleci", "CIRCLE_JOB CIRCLE_BUILD_NUM", "CIRCLE_JOB", "CIRCLE_BUILD_NUM"),
    ("travisci", "TRAVIS_BUILD_NUMBER TRAVIS_BUILD_ID", "TRAVIS_BUILD_ID", "TRAVIS_BUILD_NUMBER"),
    ("droneci", "DRONE_REPO_BRANCH DRONE_BUILD_NUMBER", "DRONE_REPO_BRANCH", "DRONE_BUILD_NUMBER"),
    ("gitlabci", "CI_JOB_NAME CI_PIPELINE_ID", "CI_JOB_NAME", "CI_PIPELINE_ID"),
    ("bitbucketci", "BITBUCKET_BRANCH BITBUCKET_BUILD_NUMBER", "BITBUCKET_BRANCH", "BITBUCKET_BUILD_NUMBER"),
    ("githubactions", "GITHUB_ACTIONS GITHUB_RUN_NUMBER", "GITHUB_HEAD_REF GITHUB_REF_NAME", "GITHUB_RUN_NUMBER"),
    ("azurepipelines", "TF_BUILD BUILD_BUILDNUMBER", "BUILD_SOURCEBRANCHNAME BUILD_SOURCEBRANCH", "BUILD_BUILDNUMBER"),
    ("buildkite", "BUILDKITE BUILDKITE_BUILD_NUMBER", "BUILDKITE_BRANCH", "BUILDKITE_BUILD_NUMBER"),
];

/// `__ci__`, `pipeline_branch` and `pipeline_build_no`, by pytest-monitor's names; nothing outside of CI.
pub(super) fn facts(variable: &dyn Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let words = str::split_ascii_whitespace;
    let is_here = |set: &str| words(set).all(|name| variable(name).is_some());
    let Some((name, _, branch, build)) = SYSTEMS.into_iter().find(|(_, set, ..)| is_here(set)) else {
        return Vec::new();
    };
    let branch = words(branch).find_map(variable).unwrap_or_default();
    let build = variable(build).unwrap_or_default();
    [("pipeline_branch", branch), ("pipeline_build_no", build), ("__ci__", name.to_owned())]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_is_recognised() {
        type Variables<'a> = &'a [(&'a str, &'a str)];
        let cases: &[(Variables<'_>, [&str; 3])] = &[
            (&[("BUILD_NUMBER", "7"), ("BRANCH_NAME", "main"), ("JOB_NAME", "job")], ["main", "7", "jenkinsci"]),
            (&[("BUILD_NUMBER", "7"), ("JOB_NAME", "job")], ["job", "7", "jenkinsci"]),
            (&[("CIRCLE_JOB", "test"), ("CIRCLE_BUILD_NUM", "8")], ["test", "8", "circleci"]),
            (&[("TRAVIS_BUILD_ID", "99"), ("TRAVIS_BUILD_NUMBER", "9")], ["99", "9", "travisci"]),
            (&[("DRONE_REPO_BRANCH", "dev"), ("DRONE_BUILD_NUMBER", "10")], ["dev", "10", "droneci"]),
            (&[("CI_JOB_NAME", "unit"), ("CI_PIPELINE_ID", "11")], ["unit", "11", "gitlabci"]),
            (&[("BITBUCKET_BRANCH", "b"), ("BITBUCKET_BUILD_NUMBER", "12")], ["b", "12", "bitbucketci"]),
            (
                &[
                    ("GITHUB_ACTIONS", "true"),
                    ("GITHUB_RUN_NUMBER", "13"),
                    ("GITHUB_REF_NAME", "1/merge"),
                    ("GITHUB_HEAD_REF", "fix"),
                ],
                ["fix", "13", "githubactions"],
            ),
            (
                &[("GITHUB_ACTIONS", "true"), ("GITHUB_RUN_NUMBER", "13"), ("GITHUB_REF_NAME", "main")],
                ["main", "13", "githubactions"],
            ),
            (
                &[("TF_BUILD", "True"), ("BUILD_BUILDNUMBER", "20261123.1"), ("BUILD_SOURCEBRANCHNAME", "main")],
                ["main", "20261123.1", "azurepipelines"],
            ),
            (
                &[("BUILDKITE", "true"), ("BUILDKITE_BUILD_NUMBER", "14"), ("BUILDKITE_BRANCH", "x")],
                ["x", "14", "buildkite"],
            ),
            (
                &[("TEAMCITY_VERSION", "2026.1"), ("BUILD_NUMBER", "15"), ("TEAMCITY_BUILDCONF_NAME", "Unit")],
                ["Unit", "15", "teamcity"],
            ),
        ];
        for (variables, expected) in cases {
            let variable =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let facts = facts(&variable);
            let values: Vec<&str> = facts.iter().map(|(_, value)| value.as_str()).collect();
            assert_eq!(values, expected);
        }
        assert_eq!(facts(&|_| None), []);
        assert_eq!(facts(&|name| (name == "BUILD_NUMBER").then(|| "1".to_owned())), []);
    }
}
