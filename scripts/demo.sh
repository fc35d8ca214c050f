#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a clean clone to a district on the screen; a second run reuses everything.

set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh
export PYTHONUTF8=1
# Several programs start here; the packages are compiled by the first.
unset PYTHONDONTWRITEBYTECODE

scripts/install.sh runtime

# Two runs at once would load the demo twice.
exec 9<"$0"
if ! flock -n 9; then
    note "另一个 make demo 正在运行,等待它结束" "Another 'make demo' is running: waiting for it"
    flock 9
fi

status=0
.venv/bin/python scripts/services.py ready || status=$?
case $status in
    0) exit 0 ;;
    3) ;;
    *) exit "$status" ;;
esac

.venv/bin/python scripts/services.py check
step "启动并迁移数据库" "Starting and migrating the database"
.venv/bin/twin db upgrade
step "载入演示街区" "Loading the demo district"
.venv/bin/twin demo --scale small
step "启动服务" "Starting the services"
.venv/bin/python scripts/services.py start
