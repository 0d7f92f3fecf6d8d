#!/usr/bin/env bash
# Says where the command is installed, and under which key it is cached: one for each state of its sources.
set -euo pipefail
cd "$GITHUB_ACTION_PATH"

sources=$(find Cargo.toml Cargo.lock cargo-monitor monitor-* -type f ! -path '*/target/*' ! -path '*/tests/*' -print0 \
    | LC_ALL=C sort -z | xargs -0 git hash-object --no-filters | git hash-object --stdin)
{
    echo "folder=$RUNNER_TEMP/cargo-monitor"
    echo "key=cargo-monitor-$RUNNER_OS-$RUNNER_ARCH-$sources"
} >> "$GITHUB_OUTPUT"
