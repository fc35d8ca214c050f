#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# System packages: PostgreSQL with PostGIS, Python's venv and a compiler; for tests also a browser and CJK fonts.
# Needs root or sudo only where one is missing. An existing PostgreSQL cluster is never touched.

set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh
. scripts/find-programs.sh

profile=${1:-runtime}

has_candidate() {
    local policy
    policy=$(LC_ALL=C apt-cache policy "$1" 2>/dev/null)
    [[ $policy == *'Candidate: '[!\(]* ]]
}

has_package() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

# PostGIS for the newest server that is installed, else the distribution's own pair.
postgis_package() {
    local initdb version
    for initdb in $(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -rV); do
        version=${initdb#/usr/lib/postgresql/}
        version=${version%%/*}
        if [ -x "$initdb" ] && has_candidate "postgresql-$version-postgis-3"; then
            echo "postgresql-$version-postgis-3"
            return
        fi
    done
    echo postgresql-postgis
}

# A package of the Python that will be used: `python3-venv`, `python3-dev`.
python_package() {
    local python=$1 kind=$2 version
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if has_candidate "python$version-$kind"; then
        echo "python$version-$kind"
    else
        echo "python3-$kind"
    fi
}

# A new environment needs ensurepip, and a compiler: meshoptimizer comes as source only.
python_packages() {
    local python
    if ! python=$(find_python); then
        echo python3 python3-venv python3-dev g++
        return
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null || python_package "$python" venv
    [ -e "$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] ||
        python_package "$python" dev
    command -v g++ >/dev/null || echo g++
}

list_missing() {
    if [ -z "${TWIN_DATABASE_URL:-}" ] && ! has_postgis; then
        postgis_package
    fi
    if ! .venv/bin/python -c 'import meshoptimizer' 2>/dev/null; then
        python_packages
    fi
    if [ "$profile" = test ]; then
        if ! find_chromium >/dev/null && [ "$distribution" != ubuntu ]; then
            echo chromium
        fi
        if command -v dpkg-query >/dev/null && ! has_package fonts-noto-cjk; then
            echo fonts-noto-cjk
        fi
    fi
}

run_as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# Debian's package makes and starts a cluster named `main` that nobody asked for here. A file of ours
# says no while apt runs and goes afterwards; where somebody has configured this, their word holds.
guard=/etc/postgresql-common/createcluster.d/blocktwin.conf

raise_guard() {
    if grep -qs '^[[:space:]]*create_main_cluster' \
        /etc/postgresql-common/createcluster.conf /etc/postgresql-common/createcluster.d/*.conf; then
        return
    fi
    run_as_root mkdir -p "$(dirname "$guard")"
    echo 'create_main_cluster = false' | run_as_root tee "$guard" >/dev/null
    trap 'run_as_root rm -f "$guard"' EXIT
}

apt_install() {
    # A fresh machine may be updating itself: wait for its lock rather than fail.
    run_as_root apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

refresh_lists() {
    note "更新软件包列表" "Refreshing the package lists"
    run_as_root apt-get update -q || fail \
        "apt-get update 失败,请检查网络和 /etc/apt 下的软件源。" \
        "apt-get update failed: check the network and the sources under /etc/apt."
}

distribution=$(. /etc/os-release 2>/dev/null && echo "${ID:-unknown}") || distribution=unknown

missing=$(list_missing | tr '\n' ' ')
if [ -n "${missing// /}" ]; then
    if ! command -v apt-get >/dev/null; then
        fail "缺少:$missing。此系统没有 apt。请自行安装 PostgreSQL 15+(含 PostGIS 3.3+,位于 /usr/lib/postgresql)、Python 3.11+(含 venv),或用 TWIN_DATABASE_URL 指向现有的 PostGIS。" \
            "Missing: $missing. There is no apt here. Install PostgreSQL 15+ with PostGIS 3.3+ (under /usr/lib/postgresql) and Python 3.11+ with venv, or point TWIN_DATABASE_URL at a PostGIS that exists."
    fi
    command="apt-get update && apt-get install -y --no-install-recommends $missing"
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            fail "需要 root 安装系统软件包。请让管理员运行一次:$command" \
                "System packages need root. Have an administrator run once: $command"
        fi
        if [ ! -t 0 ] && ! sudo -n true 2>/dev/null; then
            fail "需要 sudo 密码,但这里不能输入。请先运行一次:sudo sh -c '$command'" \
                "sudo wants a password and there is no terminal. Run once: sudo sh -c '$command'"
        fi
    fi
    step "安装系统软件包:$missing" "Installing system packages"
    raise_guard
    refreshed=
    for package in $missing; do
        if [ -z "$refreshed" ] && ! has_candidate "$package"; then
            refresh_lists
            refreshed=yes
            # With the lists there, the choice may be a better one.
            missing=$(list_missing | tr '\n' ' ')
        fi
    done
    for package in $missing; do
        if ! has_candidate "$package"; then
            fail "软件源里没有 $package。Ubuntu 请先启用 universe(sudo add-apt-repository universe);Debian 12 和 Ubuntu 24.04 自带所需版本。" \
                "The sources have no $package. On Ubuntu enable universe (sudo add-apt-repository universe); Debian 12 and Ubuntu 24.04 have what is needed."
        fi
    done
    # shellcheck disable=SC2086
    if ! apt_install $missing; then
        [ -z "$refreshed" ] || fail "安装失败,原因见上。修复后重新运行即可。" "The installation failed, see above. Mend it and run again."
        refresh_lists
        # shellcheck disable=SC2086
        apt_install $missing || fail "安装失败,原因见上。修复后重新运行即可。" "The installation failed, see above. Mend it and run again."
    fi
fi

if ! find_python >/dev/null && [ ! -x .venv/bin/python ]; then
    fail "需要 Python 3.11 或更新版本。请安装,或用 TWIN_PYTHON 指向它。" \
        "Python 3.11 or newer is needed. Install it, or name it in TWIN_PYTHON."
fi
if [ "$profile" = test ] && ! find_chromium >/dev/null; then
    fail "浏览器测试需要 Chromium。Ubuntu 的 chromium 是 snap:请运行 snap install chromium,或用 TWIN_CHROMIUM 指向一个可运行的 Chromium/Chrome。" \
        "The browser tests need Chromium. On Ubuntu it is a snap: run 'snap install chromium', or name a Chromium or Chrome that runs in TWIN_CHROMIUM."
fi
