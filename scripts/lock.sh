#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Renews both lock files from pyproject.toml: versions and hashes, no address of any registry.
# Pass --upgrade to take newer versions; without it only what must change does.

set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header "$@"
}

compile --extra build pyproject.toml -o requirements.lock "$@"
# The larger lock holds the smaller one pin for pin, so that one environment can serve both.
compile --extra build --extra dev --extra bench -c requirements.lock pyproject.toml -o requirements-dev.lock "$@"
