#!/usr/bin/env bash
# Keeps one comment on the pull request up to date: changes that of an earlier run, writes one where there is none.
# Never fails the job: the report is in the summary too.
set -euo pipefail

marker="<!-- cargo monitor: $NAME -->"
# What GitHub takes is 65,536 characters.
most=60000

warn() {
    echo "::warning title=cargo monitor::no comment on the pull request: $1"
    exit 0
}

# call METHOD ADDRESS [FILE WITH JSON]
call() {
    curl --silent --show-error --fail-with-body --retry 3 --request "$1" \
        --header "Authorization: Bearer $TOKEN" --header 'Accept: application/vnd.github+json' \
        ${3+--header 'Content-Type: application/json' --data-binary "@$3"} "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$2"
}

# The number of the comment that begins with the marker, if there is one.
earlier() {
    local page=1 found
    while found=$(call GET "issues/$pull/comments?per_page=100&page=$page"); do
        jq --raw-output --arg marker "$marker" '[.[] | select(.body | startswith($marker)) | .id] | first // empty' <<< "$found"
        [ "$(jq length <<< "$found")" = 100 ] || return 0
        page=$((page + 1))
    done
    return 1
}

command -v jq >/dev/null || warn 'the program jq is missing'
pull=$(jq --raw-output '.pull_request.number // empty' "$GITHUB_EVENT_PATH")
[ -n "$pull" ] || warn 'the event names no pull request'

body=$RUNNER_TEMP/comment.json
run=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID
jq --null-input --rawfile report "$REPORT" --arg marker "$marker" --arg run "$run" --argjson most "$most" '
    ($report | if length > $most then .[:$most] + "\n\n…the rest is in the summary of the run." else . end) as $text
    | {body: "\($marker)\n\($text)\n\n[All of the run](\($run))"}' > "$body"

comments=$(earlier) || warn "reading its comments failed: $comments"
comment=${comments%%$'\n'*}
if [ -n "$comment" ]; then
    answer=$(call PATCH "issues/comments/$comment" "$body") || warn "changing comment $comment failed: $answer"
else
    answer=$(call POST "issues/$pull/comments" "$body") || warn "the token may not write one (forks have read access only): $answer"
fi
jq --raw-output '.html_url // empty' <<< "$answer"
