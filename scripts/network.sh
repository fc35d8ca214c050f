# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How pip, uv and npm reach their registries: by the system's certificates (some networks have an
# authority of their own), and uv by pip's mirror, since it does not read pip's settings.

_bundle=/etc/ssl/certs/ca-certificates.crt
if [ -s "$_bundle" ]; then
    export PIP_CERT=${PIP_CERT:-$_bundle}
    export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$_bundle}
    export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}
fi

# use_pip_mirror PYTHON: let uv ask where pip of that Python asks.
use_pip_mirror() {
    local mirror
    if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        mirror=${PIP_INDEX_URL:-$("$1" -m pip config get global.index-url 2>/dev/null || true)}
        [ -z "$mirror" ] || export UV_DEFAULT_INDEX=$mirror
    fi
}
