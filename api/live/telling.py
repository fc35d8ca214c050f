# SPDX-License-Identifier: Apache-2.0
"""What of the change log an actor is told, and in which words: the same for the stream and for webhooks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.live.assigned import read_assigned
from api.live.changes import Change
from layers import business
from layers.registry import load_layers
from layers.tile import Box
from twin.access import Actor

MAX_IDS: Final = 500
"""Above this many ids a client is told to ask by bbox."""

COLLECTIONS: Final = "collections"
"""What changed when the list of layers did: everybody who may know of the layer is told, whatever they follow."""

_EVERYWHERE: Final = frozenset({"blocks"})
"""Layers whose rows are seen by whoever reads their class, wherever they lie."""

AsActor = Callable[[Actor], AbstractAsyncContextManager[AsyncConnection[TupleRow]]]


@dataclass(frozen=True)
class Told:
    """One event. `number` is where to go on from once it has been received; None: not before the next one."""

    number: int | None
    body: Mapping[str, Any]


async def tell(
    changes: Sequence[Change], actor: Actor, wanted: Collection[str] | None, classes: Mapping[str, int],
    as_actor: AsActor,
) -> list[Told]:  # fmt: skip
    """What the actor is told of `changes`: neighbours of one layer become one event, so numbers stay in commit order.

    `wanted`: the layers that are followed, None for all; `classes`: those of the business layers, by id. The
    database is asked, as the actor, only about what may be assigned to its organisations.
    """
    assigned = await read_assigned(as_actor, actor, changes) if actor.organisations else {}
    runs: list[list[Change]] = []
    for change in _name_layers(changes, actor, wanted, classes):
        if change.access_class > actor.access_class:
            continue
        if change.layer not in _EVERYWHERE and not actor.touches(change.block_code):
            if change.seq not in assigned:
                continue
            change = replace(assigned[change.seq], layer=change.layer)
        last = runs[-1][-1] if runs else None
        if last is not None and (last.layer, last.is_listed) == (change.layer, change.is_listed):
            runs[-1].append(change)
        else:
            runs.append([change])
    # A change may be told of several layers; only the last of these says that it has been told.
    numbers = [run[-1].seq if run[-1].seq < after[0].seq else None for run, after in pairwise(runs)]
    numbers += [run[-1].seq for run in runs[-1:]]
    return [Told(number, _describe(run, actor)) for number, run in zip(numbers, runs, strict=True)]


def tell_everything(
    actor: Actor, wanted: Collection[str] | None, classes: Mapping[str, int], number: int
) -> list[Told]:  # fmt: skip
    """That anything may have changed in every layer that is followed, up to a change."""
    names = sorted(name for name in list_layers(actor, classes) if wanted is None or name in wanted)
    bodies = [
        {"layer": name, "bbox": None, "block_codes": [], "change_id": number, "ids": None, "op": "mixed"}
        for name in (*names, COLLECTIONS)
    ]
    return [Told(number if body["layer"] == COLLECTIONS else None, body) for body in bodies]


def list_layers(actor: Actor, classes: Mapping[str, int]) -> list[str]:
    """The layers that the actor may know of."""
    return [*load_layers(), *(name for name, needed in classes.items() if needed <= actor.access_class)]


def _name_layers(
    changes: Iterable[Change], actor: Actor, wanted: Collection[str] | None, classes: Mapping[str, int]
) -> Iterable[Change]:  # fmt: skip
    """Each change under the names of the layers it is told of, as far as they are followed and may be known."""
    for change in changes:
        if change.layer == COLLECTIONS:
            yield change
        elif change.layer != business.LAYER:
            if wanted is None or change.layer in wanted:
                yield change
        else:
            for name in (change.layer_code,) if change.layer_code else tuple(classes):
                needed = classes.get(name)
                if needed is not None and needed <= actor.access_class and (wanted is None or name in wanted):
                    yield replace(change, layer=name)


def _describe(run: Sequence[Change], actor: Actor) -> dict[str, Any]:
    # A change that was told for a whole street reaches beyond a scope within it: then neither box nor ids.
    is_whole = all(
        (change.is_listed or change.layer in _EVERYWHERE or actor.reaches(change.block_code))
        and change.op != "truncate"
        for change in run
    )
    ids = {i for change in run for i in change.ids or ()}
    is_listed = is_whole and all(change.ids is not None for change in run) and len(ids) <= MAX_IDS
    ops = {change.op for change in run}
    is_everywhere = run[0].layer in _EVERYWHERE
    return {
        "layer": run[0].layer,
        "bbox": _unite([change.bbox for change in run if change.bbox]) if is_whole else None,
        "block_codes": sorted(
            {c.block_code for c in run if c.block_code and (is_everywhere or actor.reaches(c.block_code))}
        ),
        "change_id": run[-1].seq,
        "ids": sorted(ids) if is_listed else None,
        "op": next(iter(ops)) if len(ops) == 1 and ops <= {"insert", "update", "delete"} else "mixed",
    }


def _unite(boxes: Sequence[Box]) -> list[float] | None:
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return [round(v, 7) for v in (min(west), min(south), max(east), max(north))]
