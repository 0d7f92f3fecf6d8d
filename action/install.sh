#!/usr/bin/env bash
# Builds the command from the action's own sources, unless the cache had it, and puts it into the path of later steps.
set -euo pipefail

# One that was built on a newer system may not start on this.
if ! "$FOLDER/bin/cargo-monitor" --version; then
    cargo install --locked --force --path "$GITHUB_ACTION_PATH/cargo-monitor" --root "$FOLDER"
fi
echo "$FOLDER/bin" >> "$GITHUB_PATH"
