#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ends what `make demo` started. `clean` also removes all that it installed in this checkout and loaded.

set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh

action=${1:-stop}
# As root the cluster lives outside the checkout, under a mark that twin/cluster.py derives likewise.
mark=$(printf %s "$(realpath -m "${TWIN_DATA_DIR:-.twin}")" | sha256sum | cut -c 1-12)

if .venv/bin/python -P -c 'import twin.settings' 2>/dev/null; then
    has_environment=yes
elif [ -e .twin ] || [ -e "/var/lib/twin/$mark" ]; then
    fail ".venv 已损坏,无法停止数据库。请先运行 make setup,再试一次。" \
        ".venv is broken, so the database cannot be stopped. Run 'make setup', then this again."
else
    has_environment=
fi

if [ "$action" = stop ]; then
    [ -z "$has_environment" ] || .venv/bin/python scripts/services.py stop
    exit 0
fi

if [ -n "$has_environment" ]; then
    .venv/bin/python scripts/services.py remove
fi
if [ -n "${TWIN_DATA_DIR:-}" ] && [ "$(realpath -m "$TWIN_DATA_DIR")" != "$PWD/.twin" ]; then
    note "数据目录 $TWIN_DATA_DIR 不在此处,未删除" "The data directory $TWIN_DATA_DIR is elsewhere and stays"
fi
rm -rf .twin .venv viewer/dist viewer/node_modules
rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache
find twin ingest layers api bench tests scripts -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
