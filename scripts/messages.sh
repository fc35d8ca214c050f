# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts say, in Chinese and English at once: they run before any locale is known.

if [ -t 1 ]; then
    _strong=$'\033[1m' _red=$'\033[31m' _plain=$'\033[0m'
else
    _strong='' _red='' _plain=''
fi

# step ZH EN: what begins now.
step() {
    printf '%s==> %s · %s%s\n' "$_strong" "$1" "$2" "$_plain"
}

# note ZH EN: one fact on the way.
note() {
    printf '    %s · %s\n' "$1" "$2"
}

# fail ZH EN: stop, saying what was wrong and what to do.
fail() {
    printf '\n%s✗ %s\n  %s%s\n' "$_red" "$1" "$2" "$_plain" >&2
    exit 1
}
