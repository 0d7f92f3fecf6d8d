#!/usr/bin/env bash
# Compares with the baseline. Its exit code is an output, so that the comment is written before the job fails.
set -euo pipefail

report=$RUNNER_TEMP/gate.md
options=()
for metric in $METRICS; do options+=(--metric "$metric"); done
IFS=';' read -r -a thresholds <<< "$THRESHOLDS"
for threshold in ${thresholds[@]+"${thresholds[@]}"}; do options+=(--threshold "$threshold"); done
status=0
cargo monitor gate --baseline "$BASELINE" ${options[@]+"${options[@]}"} --format markdown \
    > "$report" 2> "$report.talk" || status=$?
cat "$report.talk" >&2
case $status in
    0) headline='No test costs more than it may.' ;;
    5) headline='**Tests cost more than they did.**' ;;
    6) headline="Nothing was decided: the history of \`$BASELINE\` is missing or too short." ;;
    8) headline='Nothing was decided: only a part of the tests ran.' ;;
    *) headline="The comparison failed with exit code $status: $(tail -n 1 "$report.talk")" ;;
esac
{
    printf '%s\n\n' "$headline"
    cat "$report"
} > "$report.whole"
mv "$report.whole" "$report"
cat "$report" >> "$GITHUB_STEP_SUMMARY"
{
    echo "exit-code=$status"
    echo "report=$report"
} >> "$GITHUB_OUTPUT"
