# SPDX-License-Identifier: Apache-2.0
"""The process that opens a model: `python -m ingest.bim.model_process FILE` with orders on standard input.

Parsers and kernels are native code over hostile input; whatever they do, they do it here. Standard output
carries wire messages: `described` (the semantics), then on the order `mesh` one message a product, `done`.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Any

import orjson

from ingest.bim import wire
from ingest.bim.lifeline import die_with_parent


def main() -> None:
    """Runs until the orders are carried out; every way to fail is a message or the process' end."""
    orders = orjson.loads(sys.argv[2])
    # Native code writes to descriptor 1 as it likes; the messages go where it does not know.
    out = os.dup(1)
    os.dup2(2, 1)
    die_with_parent()
    limit = int(orders["memory_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _serve(sys.argv[1], orders, out)
    except MemoryError:
        wire.send(out, {"kind": "refused", "reason": "memory"})


def _serve(path: str, orders: dict[str, Any], out: int) -> None:
    import ifcopenshell

    from ingest.bim.semantics import describe_model

    try:
        model = ifcopenshell.open(path, format=".ifc")
    except MemoryError:
        raise
    except Exception as error:
        _refuse(out, "syntax", _last_words(ifcopenshell, error))
        return
    try:
        facts = describe_model(model)
    except MemoryError:
        raise
    except Exception as error:
        _refuse(out, "structure", f"{type(error).__name__}: {error}"[:300])
        return
    wire.send(out, {"kind": "described", "facts": facts, "log": _summarise_log(ifcopenshell)})
    order = sys.stdin.buffer.readline().strip()
    if order == b"mesh":
        from ingest.bim.disposable import MeshingLimits, mesh_model

        meshable = [element["step_id"] for element in facts["elements"] if element["is_meshable"]]
        mesh_model(model, meshable, MeshingLimits(**orders["limits"]), out)
    wire.send(out, {"kind": "done"})


def _refuse(out: int, reason: str, detail: str) -> None:
    # What native code throws when the limit is reached comes as any exception with this text.
    reason = "memory" if "bad_alloc" in detail else reason
    wire.send(out, {"kind": "refused", "reason": reason, "detail": detail})


def _last_words(ifcopenshell: Any, error: Exception) -> str:
    """The parser's own last error, else the exception's text."""
    lines = [line for line in str(ifcopenshell.get_log()).splitlines() if line.startswith("[error]")]
    text = lines[-1].split("] ", 2)[-1] if lines else str(error)
    return text[:300]


def _summarise_log(ifcopenshell: Any) -> dict[str, int]:
    """How often the parser said what: its codes, counted."""
    counts: dict[str, int] = {}
    for line in str(ifcopenshell.get_log()).splitlines():
        if line.startswith(("[warning]", "[error]")):
            parts = line.split("] [")
            code = parts[1] if len(parts) > 2 else parts[0].strip("[")
            counts[code] = counts.get(code, 0) + 1
    return counts


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # Nothing here needs an orderly end, and native destructors have been seen to crash.
    os._exit(0)
