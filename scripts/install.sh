#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, and only that: system packages, the Python environment, the pages.
#
#   scripts/install.sh runtime   what `make demo` needs
#   scripts/install.sh test      the same with the tools and the browser that `make test` needs

set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh

profile=${1:-runtime}
case $profile in
    runtime | test) ;;
    *) fail "未知的安装方式 $profile,可选 runtime、test。" "Unknown profile '$profile': choose runtime or test." ;;
esac

if [ ! -w . ]; then
    fail "当前用户不能写入 $PWD,请用拥有该目录的用户运行。" \
        "This user may not write to $PWD: run as the user who owns it."
fi
for left in .venv .twin viewer/node_modules viewer/dist; do
    if [ -e "$left" ] && [ ! -w "$left" ]; then
        fail "$left 属于另一个用户(可能用 root 运行过)。请以该用户运行,或由他先运行 make clean。" \
            "$left belongs to another user (was this run as root before?). Run as that user, or let that user run 'make clean' first."
    fi
done

# One installation at a time.
exec 9<"$0"
flock 9

scripts/install-system.sh "$profile"
scripts/install-python.sh "$profile"
scripts/install-viewer.sh build
