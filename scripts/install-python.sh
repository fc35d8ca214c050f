#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Python environment .venv, exactly as a lock file says, and Blocktwin itself in it.
# A stamp keeps a second run from doing anything. The test lock holds all of the runtime lock, so an
# environment made for tests serves the demo too and is never taken down to the smaller one.

set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh
. scripts/find-programs.sh
. scripts/network.sh

profile=${1:-runtime}
stamp=.venv/.blocktwin-installed

if [ -d .venv ] && ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    note "原有的 .venv 已不可用,重新创建" "The old .venv no longer runs: making it anew"
    rm -rf .venv
fi

if [ "$profile" = runtime ] && grep -qs '^test ' "$stamp"; then
    profile='test'
fi
# The path is part of it, since an editable installation points at it.
wanted="$profile $({ echo "$PWD"; cat pyproject.toml requirements.lock requirements-dev.lock; } | sha256sum | cut -d ' ' -f 1)"
if [ -x .venv/bin/twin ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi

step "准备 Python 环境 .venv" "Preparing the Python environment .venv"
if [ ! -x .venv/bin/python ]; then
    python=$(find_python) || fail "需要 Python 3.11 或更新版本。" "Python 3.11 or newer is needed."
    "$python" -m venv .venv || fail "无法创建 .venv,原因见上;请确认已装 python3-venv,磁盘有空间。" \
        ".venv could not be made, see above: is python3-venv there, and room on the disk?"
fi
rm -f "$stamp"

# The installer itself comes by the lock's hash too: only its own lines of the lock go to pip.
pinned_uv=$(awk '/^uv==/ { on = 1 } on { if (/^uv==/ || /--hash=/) print; else exit }' requirements.lock)
version=$(printf '%s\n' "$pinned_uv" | sed -n 's/^uv==\([^ ]*\).*/\1/p')
if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d ' ' -f 2)" != "$version" ]; then
    printf '%s\n' "$pinned_uv" >.venv/uv.lock
    .venv/bin/python -m pip install --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.lock ||
        fail "无法下载 uv,请检查网络;国内可设置 PIP_INDEX_URL 指向镜像。" \
            "uv could not be downloaded: check the network, or name a mirror in PIP_INDEX_URL."
fi

use_pip_mirror .venv/bin/python

lock=requirements.lock
[ "$profile" = runtime ] || lock=requirements-dev.lock
.venv/bin/uv pip sync --python .venv/bin/python --require-hashes "$lock" ||
    fail "依赖安装失败,原因见上。网络恢复后重新运行即可;国内可设置 UV_DEFAULT_INDEX 指向镜像。" \
        "The packages could not be installed, see above. Run again once the network is back, or name a mirror in UV_DEFAULT_INDEX."
.venv/bin/uv pip install --python .venv/bin/python --no-deps --no-build-isolation -q -e . ||
    fail "Blocktwin 自身安装失败,原因见上。" "Blocktwin itself could not be installed, see above."
echo "$wanted" >"$stamp"
