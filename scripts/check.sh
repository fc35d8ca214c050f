#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every static check. All of them run, so that one failure does not hide the next.

set -uo pipefail
cd "$(dirname "$0")/.." || exit
. scripts/messages.sh

failed=()
check() {
    local name=$1
    shift
    printf "%s==> %s%s\n" "$_strong" "$name" "$_plain"
    "$@" || failed+=("$name")
}

check ruff .venv/bin/ruff check
check "ruff format" .venv/bin/ruff format --check
check basedpyright .venv/bin/basedpyright
check lint-imports .venv/bin/lint-imports
check viewer scripts/install-viewer.sh check

if [ ${#failed[@]} -gt 0 ]; then
    fail "未通过:${failed[*]}" "Failed: ${failed[*]}"
fi
