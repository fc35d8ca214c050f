#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that tests: static checks, then pytest with the real database and a real browser.

set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh
. scripts/find-programs.sh
export PYTHONUTF8=1
# Many tests start programs; compiled once is enough for all of them.
unset PYTHONDONTWRITEBYTECODE

scripts/install.sh test
scripts/check.sh
TWIN_CHROMIUM=$(find_chromium)
export TWIN_CHROMIUM
step "测试" "Tests"
exec .venv/bin/pytest --numprocesses="${TWIN_TEST_PROCESSES:-2}" "$@"
