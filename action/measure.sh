#!/usr/bin/env bash
# Runs the tests and puts what they cost into the job's summary. Fails as they do.
set -euo pipefail

read -r -d '' -a command <<< "$COMMAND" || true
read -r -d '' -a arguments <<< "$ARGUMENTS" || true
costs=$RUNNER_TEMP/costs.md
status=0
cargo monitor "${command[@]}" --format markdown ${arguments[@]+"${arguments[@]}"} > "$costs" || status=$?
cat "$costs" >> "$GITHUB_STEP_SUMMARY"
exit "$status"
