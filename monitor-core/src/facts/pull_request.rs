//! The pull request that a CI system tests: its head and base, where the commit that is checked out is a merge of them that
//! the system made for the occasion, and that nobody finds again.

use super::scm::Git;

/// The variables by which a system tells of a pull request, of each kind the first that is set.
struct System {
    /// Set, and not `false`, while a pull request is tested; holds its number.
    number: &'static str,
    /// Its head.
    head: &'static str,
    /// The commit it is to be merged into.
    base: &'static str,
    /// Where both branched off.
    merge_base: &'static str,
    /// The commit that the system checks out.
    checked_out: &'static str,
}

const NOTHING: System = System { number: "", head: "", base: "", merge_base: "", checked_out: "" };

const SYSTEMS: &[System] = &[
    // https://docs.github.com/actions/reference/events-that-trigger-workflows#pull_request: `GITHUB_SHA` is the last
    // merge commit on `refs/pull/NUMBER/merge`, the base's child and then the head's.
    System { number: "GITHUB_REF", checked_out: "GITHUB_SHA", ..NOTHING },
    // https://docs.gitlab.com/ci/variables/predefined_variables: the first two only in pipelines for merged results.
    System {
        number: "CI_MERGE_REQUEST_IID",
        head: "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
        base: "CI_MERGE_REQUEST_TARGET_BRANCH_SHA",
        merge_base: "CI_MERGE_REQUEST_DIFF_BASE_SHA",
        checked_out: "CI_COMMIT_SHA",
    },
    // https://learn.microsoft.com/azure/devops/pipelines/build/variables
    System {
        number: "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER SYSTEM_PULLREQUEST_PULLREQUESTID",
        head: "SYSTEM_PULLREQUEST_SOURCECOMMITID",
        checked_out: "BUILD_SOURCEVERSION",
        ..NOTHING
    },
    // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets: it merges the destination in itself.
    System { number: "BITBUCKET_PR_ID", head: "BITBUCKET_COMMIT", base: "BITBUCKET_PR_DESTINATION_COMMIT", ..NOTHING },
    // https://docs.travis-ci.com/user/environment-variables
    System { number: "TRAVIS_PULL_REQUEST", head: "TRAVIS_PULL_REQUEST_SHA", checked_out: "TRAVIS_COMMIT", ..NOTHING },
    // https://docs.drone.io/pipeline/environment/reference: it merges the commit into the target itself.
    System { number: "DRONE_PULL_REQUEST", head: "DRONE_COMMIT_SHA", ..NOTHING },
    System { number: "BUILDKITE_PULL_REQUEST", ..NOTHING },
];

/// A pull request under test.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PullRequest {
    /// The commit that the sources are known by: its head.
    pub id: String,
    /// `pull_request` and `git_*` keys of the description.
    pub facts: Vec<(String, String)>,
}

/// The pull request that the sources at commit `id` (empty if unknown) come from.
pub(super) fn find(variable: &dyn Fn(&str) -> Option<String>, id: &str, git: &dyn Git) -> Option<PullRequest> {
    let (system, number) =
        SYSTEMS.iter().find_map(|system| Some((system, number(&first(variable, system.number)?)?)))?;
    let told = |names| first(variable, names);
    let parents = if id.is_empty() { Vec::new() } else { git.parents(id) };
    let is_made_for_this = told(system.checked_out).is_none_or(|made| made == id);
    let (head, base) = match (told(system.head), parents.as_slice()) {
        _ if !is_made_for_this => (None, None),
        (Some(head), [one, other]) if *other == head => (Some(head), Some(one.clone())),
        (Some(head), [one, other]) if *one == head => (Some(head), Some(other.clone())),
        (Some(head), _) => (Some(head), None),
        // Only of a system that says which commit it has made.
        (None, [base, head]) if !system.checked_out.is_empty() => (Some(head.clone()), Some(base.clone())),
        (None, _) => (None, None),
    };
    let merge = head.as_ref().filter(|head| *head != id && !id.is_empty()).map(|_| id.to_owned());
    let id = head.unwrap_or_else(|| id.to_owned());
    let base = base.or_else(|| told(system.base));
    let merge_base = told(system.merge_base).or_else(|| git.merge_base(base.as_ref()?, &id));
    let facts =
        [("pull_request", Some(number)), ("git_base", base), ("git_merge_base", merge_base), ("git_merge", merge)];
    let facts = facts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    Some(PullRequest { id, facts })
}

fn first(variable: &dyn Fn(&str) -> Option<String>, names: &str) -> Option<String> {
    names.split_ascii_whitespace().find_map(variable)
}

/// The number in a variable: as it is, or as in `refs/pull/7/merge`.
fn number(text: &str) -> Option<String> {
    let number = text.strip_prefix("refs/pull/").map_or(text, |rest| rest.split('/').next().unwrap_or_default());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commit `merge` has the parents `base` and `head`, which branched off at `fork`.
    struct History;

    impl Git for History {
        fn parents(&self, id: &str) -> Vec<String> {
            if id == "merge" { vec!["base".to_owned(), "head".to_owned()] } else { vec!["fork".to_owned()] }
        }

        fn merge_base(&self, _one: &str, _other: &str) -> Option<String> {
            Some("fork".to_owned())
        }
    }

    fn found(id: &str, variables: &[(&str, &str)]) -> Option<String> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let PullRequest { id, facts } = find(&variable, id, &History)?;
        let facts: Vec<String> = facts.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        Some(format!("{id}: {}", facts.join(" ")))
    }

    #[test]
    fn each_system_says_head_and_base_its_way() {
        let all = "head: pull_request=7 git_base=base git_merge_base=fork git_merge=merge";
        let systems: &[&[(&str, &str)]] = &[
            &[("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_SHA", "merge")],
            &[
                ("CI_MERGE_REQUEST_IID", "7"),
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "head"),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "base"),
                ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "fork"),
                ("CI_COMMIT_SHA", "merge"),
            ],
            &[
                ("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "7"),
                ("SYSTEM_PULLREQUEST_SOURCECOMMITID", "head"),
                ("BUILD_SOURCEVERSION", "merge"),
            ],
            &[("BITBUCKET_PR_ID", "7"), ("BITBUCKET_COMMIT", "head"), ("BITBUCKET_PR_DESTINATION_COMMIT", "base")],
            &[("TRAVIS_PULL_REQUEST", "7"), ("TRAVIS_PULL_REQUEST_SHA", "head"), ("TRAVIS_COMMIT", "merge")],
            &[("DRONE_PULL_REQUEST", "7"), ("DRONE_COMMIT_SHA", "head")],
        ];
        for variables in systems {
            assert_eq!(found("merge", variables).as_deref(), Some(all), "{variables:?}");
        }
    }

    #[test]
    fn what_was_checked_out_by_hand_stays() {
        let github = [("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_SHA", "merge")];
        assert_eq!(found("head", &github).as_deref(), Some("head: pull_request=7"));
        assert_eq!(found("", &github).as_deref(), Some(": pull_request=7"));
        // Its branch's pipeline has no merge.
        let gitlab =
            [("CI_MERGE_REQUEST_IID", "7"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "fork"), ("CI_COMMIT_SHA", "head")];
        assert_eq!(found("head", &gitlab).as_deref(), Some("head: pull_request=7 git_merge_base=fork"));
    }

    #[test]
    fn other_runs_are_of_no_pull_request() {
        assert_eq!(found("merge", &[]), None);
        assert_eq!(found("merge", &[("GITHUB_REF", "refs/heads/main"), ("GITHUB_SHA", "merge")]), None);
        assert_eq!(found("merge", &[("TRAVIS_PULL_REQUEST", "false"), ("TRAVIS_COMMIT", "merge")]), None);
        assert_eq!(found("merge", &[("BUILDKITE_PULL_REQUEST", "7")]).as_deref(), Some("merge: pull_request=7"));
    }
}
