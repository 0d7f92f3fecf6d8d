//! The CI system that runs the tests, by its environment variables.

/// How a system is recognised and what it tells.
struct System {
    name: &'static str,
    /// All of these are set.
    recognised_by: &'static [&'static str],
    /// And one of these, if there are any.
    or_one_of: &'static [&'static str],
    /// The first that is set.
    branch: &'static [&'static str],
    build: &'static str,
}

const SYSTEMS: &[System] = &[
    // Before Jenkins, whose variable names others set too.
    System {
        name: "teamcity",
        recognised_by: &["TEAMCITY_VERSION"],
        or_one_of: &[],
        branch: &["TEAMCITY_BUILD_BRANCH", "BRANCH_NAME", "TEAMCITY_BUILDCONF_NAME"],
        build: "BUILD_NUMBER",
    },
    System {
        name: "jenkinsci",
        recognised_by: &["BUILD_NUMBER"],
        or_one_of: &["BRANCH_NAME", "JOB_NAME"],
        branch: &["BRANCH_NAME", "JOB_NAME"],
        build: "BUILD_NUMBER",
    },
    System {
        name: "circleci",
        recognised_by: &["CIRCLE_JOB", "CIRCLE_BUILD_NUM"],
        or_one_of: &[],
        branch: &["CIRCLE_JOB"],
        build: "CIRCLE_BUILD_NUM",
    },
    System {
        name: "travisci",
        recognised_by: &["TRAVIS_BUILD_NUMBER", "TRAVIS_BUILD_ID"],
        or_one_of: &[],
        branch: &["TRAVIS_BUILD_ID"],
        build: "TRAVIS_BUILD_NUMBER",
    },
    System {
        name: "droneci",
        recognised_by: &["DRONE_REPO_BRANCH", "DRONE_BUILD_NUMBER"],
        or_one_of: &[],
        branch: &["DRONE_REPO_BRANCH"],
        build: "DRONE_BUILD_NUMBER",
    },
    System {
        name: "gitlabci",
        recognised_by: &["CI_JOB_NAME", "CI_PIPELINE_ID"],
        or_one_of: &[],
        branch: &["CI_JOB_NAME"],
        build: "CI_PIPELINE_ID",
    },
    System {
        name: "bitbucketci",
        recognised_by: &["BITBUCKET_BRANCH", "BITBUCKET_BUILD_NUMBER"],
        or_one_of: &[],
        branch: &["BITBUCKET_BRANCH"],
        build: "BITBUCKET_BUILD_NUMBER",
    },
    System {
        name: "githubactions",
        recognised_by: &["GITHUB_ACTIONS", "GITHUB_RUN_NUMBER"],
        or_one_of: &[],
        branch: &["GITHUB_HEAD_REF", "GITHUB_REF_NAME"],
        build: "GITHUB_RUN_NUMBER",
    },
    System {
        name: "azurepipelines",
        recognised_by: &["TF_BUILD", "BUILD_BUILDNUMBER"],
        or_one_of: &[],
        branch: &["BUILD_SOURCEBRANCHNAME", "BUILD_SOURCEBRANCH"],
        build: "BUILD_BUILDNUMBER",
    },
    System {
        name: "buildkite",
        recognised_by: &["BUILDKITE", "BUILDKITE_BUILD_NUMBER"],
        or_one_of: &[],
        branch: &["BUILDKITE_BRANCH"],
        build: "BUILDKITE_BUILD_NUMBER",
    },
];

/// `__ci__`, `pipeline_branch` and `pipeline_build_no`, by pytest-monitor's names; nothing outside of CI.
pub(super) fn facts(variable: &dyn Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let set = |name: &&str| variable(name).is_some();
    let system = SYSTEMS.iter().find(|system| {
        system.recognised_by.iter().all(&set) && (system.or_one_of.is_empty() || system.or_one_of.iter().any(&set))
    });
    let Some(system) = system else { return Vec::new() };
    let branch = system.branch.iter().find_map(|name| variable(name)).unwrap_or_default();
    let build = variable(system.build).unwrap_or_default();
    [("pipeline_branch", branch), ("pipeline_build_no", build), ("__ci__", system.name.to_owned())]
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
