# SPDX-License-Identifier: Apache-2.0
"""The process that opens a model: `python -m ingest.bim.model_process FILE` with orders on standard input.

Parsers and kernels are native code over hostile input; whatever they do, they do it here. Standard output
carries wire messages: `facts` (pieces of long lists) and `described` (all else of the semantics), then on the
order `mesh` one message a product, `done`.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
from typing import Any, Final

import orjson

from ingest.bim import wire
from ingest.bim.lifeline import die_with_parent, limit_memory
from ingest.bim.repeats import RepeatSearch

PIECE: Final = 500
"""Members of a list that go into one message: neither end holds a whole model's facts as one text."""

HALF: Final = 0.5
"""A list that doubles as it grows can fail from here on."""


def main() -> None:
    """Runs until the orders are carried out; every way to fail is a message or the process' end."""
    orders = orjson.loads(sys.argv[2])
    # Native code writes to descriptor 1 as it likes; the messages go where it does not know.
    out = os.dup(1)
    os.dup2(2, 1)
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _serve(sys.argv[1], orders, out)
    except MemoryError:
        wire.send(out, {"kind": "refused", "reason": "memory"})


def _serve(path: str, orders: dict[str, Any], out: int) -> None:
    import ifcopenshell

    from ingest.bim.disposable import MeshingLimits, mesh_model
    from ingest.bim.semantics import describe_model

    budget = int(orders["memory_bytes"])
    repeats = RepeatSearch(path, budget)
    limit_memory(budget)
    try:
        model = ifcopenshell.open(path, format=".ifc")
    except MemoryError:
        raise
    except Exception as error:
        _refuse(out, "syntax", _last_words(ifcopenshell, error), budget)
        return
    try:
        facts = describe_model(model)
    except MemoryError:
        raise
    except Exception as error:
        _refuse(out, "structure", f"{type(error).__name__}: {error}"[:300], budget)
        return
    meshable = [element["step_id"] for element in facts["elements"] if element["is_meshable"]]
    _send_facts(out, facts, _summarise_log(ifcopenshell))
    del facts
    order = sys.stdin.buffer.readline().strip()
    if order == b"mesh":
        # What is there now is never looked at by the collector again: workers share its pages unwritten.
        gc.collect()
        gc.freeze()
        limits = MeshingLimits(**orders["limits"], memory_bytes=budget)
        mesh_model(model, meshable, limits, out, repeats.read())
    wire.send(out, {"kind": "done"})


def _send_facts(out: int, facts: dict[str, Any], log: dict[str, int]) -> None:
    """Long lists go ahead, piece by piece, and are forgotten as they go."""
    for name, value in list(facts.items()):
        if isinstance(value, list) and len(value) > PIECE:
            facts[name] = []
            value.reverse()
            while value:
                piece = [value.pop() for _ in range(min(PIECE, len(value)))]
                wire.send(out, {"kind": "facts", "name": name, "piece": piece})
    wire.send(out, {"kind": "described", "facts": facts, "log": log})


def _refuse(out: int, reason: str, detail: str, budget: int) -> None:
    # What native code throws when the limit is reached comes as any exception, and not always with this text.
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if "bad_alloc" in detail or ("Parsing terminated" in detail and most > budget * HALF):
        reason = "memory"
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
