#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pages: `build` makes viewer/dist where a source has changed, `check` runs tsc and eslint.

set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/messages.sh
. scripts/find-programs.sh
. scripts/network.sh

action=${1:-build}

# Hashed with their paths, so that a file that goes or moves counts too.
sources=$(find viewer -type d \( -name node_modules -o -name dist -o -name shots \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1)
built=viewer/dist/.blocktwin-built
if [ "$action" = build ] && [ "$(cat "$built" 2>/dev/null || true)" = "$sources" ]; then
    exit 0
fi

if node_dir=$(find_node_on_path); then
    npm=(npm)
elif node_dir=$(find_node_in_environment); then
    # The wheel's own npm script has lost its way to npm's files: start those themselves.
    npm=("$node_dir/node" "$(dirname "$node_dir")/lib/node_modules/npm/bin/npm-cli.js")
else
    fail "没有可用的 Node(22.13+ 或 24+)。请先运行 make setup。" \
        "There is no Node that fits (22.13+ or 24+). Run 'make setup' first."
fi
export PATH="$node_dir:$PATH"

packages=$({ node --version; cat viewer/package.json viewer/package-lock.json; } | sha256sum | cut -d ' ' -f 1)
installed=viewer/node_modules/.blocktwin-installed
if [ "$(cat "$installed" 2>/dev/null || true)" != "$packages" ]; then
    step "安装页面的依赖(Node $(node --version))" "Installing the viewer's packages"
    "${npm[@]}" --prefix viewer ci --include=dev --no-audit --no-fund --no-update-notifier ||
        fail "npm ci 失败,原因见上。网络恢复后重新运行即可;国内可设置 npm_config_registry 指向镜像。" \
            "npm ci failed, see above. Run again once the network is back, or name a mirror in npm_config_registry."
    echo "$packages" >"$installed"
fi

if [ "$action" = check ]; then
    exec "${npm[@]}" --prefix viewer run check
fi
step "构建页面" "Building the pages"
"${npm[@]}" --prefix viewer run build -- --logLevel warn ||
    fail "页面构建失败,原因见上。" "The pages could not be built, see above."
echo "$sources" >"$built"
