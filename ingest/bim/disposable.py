# SPDX-License-Identifier: Apache-2.0
"""Forked single-thread workers over an opened model: a crash, a hang or greed costs one product, never the job."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ingest.bim import wire
from ingest.bim.lifeline import IDLE_FACTOR, die_with_parent, read_cpu_seconds, read_memory
from ingest.bim.meshing import ATTEMPTS, BOX_ATTEMPT, mesh_batch, mesh_one

BATCH: Final = 120
LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True)
class MeshingLimits:
    """CPU seconds a worker may take for one result, seconds for the whole model, workers at a time; bytes that a
    worker may have in memory, with what it shares (None: as many as it likes).
    """

    product_seconds: float = 20.0
    model_seconds: float = 1800.0
    workers: int = 2
    memory_bytes: int | None = None


@dataclass(frozen=True)
class _Task:
    """Products to mesh: together, or (`is_single`) one after the other, the first from `attempt` on, the ones
    before having ended for `reason`.
    """

    step_ids: tuple[int, ...]
    is_single: bool = False
    attempt: int = 0
    reason: str = "the kernel crashed"


@dataclass
class _Worker:
    process: int
    descriptor: int
    task: _Task
    heard_at: float
    used_then: float = 0.0
    inbox: wire.Inbox = field(default_factory=wire.Inbox)
    done: set[int] = field(default_factory=set[int])
    trying: tuple[int, int] | None = None
    ended: str = "crashed"


def mesh_model(
    model: Any, step_ids: Sequence[int], limits: MeshingLimits, out: int, alike: Mapping[int, int] | None = None
) -> None:
    """Writes a `mesh` or `failed` message for every product to the descriptor `out`.

    alike: the group of products that are known to have one shape.
    """
    alike = alike or {}
    batches = _make_batches(model, list(step_ids), alike, limits.workers)
    queue = deque(_Task(tuple(batch)) for batch in batches if batch)
    workers: list[_Worker] = []
    deadline = time.monotonic() + limits.model_seconds
    while queue or workers:
        while queue and len(workers) < limits.workers:
            workers.append(_start(model, queue.popleft(), alike, out, [worker.descriptor for worker in workers]))
        ready, _, _ = select.select([worker.descriptor for worker in workers], [], [], LOOK_SECONDS)
        now = time.monotonic()
        for worker in list(workers):
            if worker.descriptor in ready:
                worker.heard_at, worker.used_then = now, read_cpu_seconds(worker.process)
                if _forward(worker, out):
                    continue
                workers.remove(worker)
                _reap(worker)
                queue.extend(_retry(worker, out))
            elif _is_stuck(worker, limits, now):
                _end(worker, "ran out of time", now)
        for worker in workers:
            if limits.memory_bytes is not None and read_memory(worker.process)[0] > limits.memory_bytes:
                _end(worker, "ran out of memory", now)
        if now > deadline:
            _give_up(workers, queue, out)
            return


def _end(worker: _Worker, how: str, now: float) -> None:
    """The pipe's end is then read like any other death."""
    worker.ended = how
    worker.heard_at = now
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.process, signal.SIGKILL)


def _is_stuck(worker: _Worker, limits: MeshingLimits, now: float) -> bool:
    """CPU counts, since a busy machine is no product's fault; one that sleeps for ever is caught too."""
    used = read_cpu_seconds(worker.process) - worker.used_then
    return used > limits.product_seconds or now - worker.heard_at > IDLE_FACTOR * limits.product_seconds


def _make_batches(model: Any, step_ids: list[int], alike: Mapping[int, int], workers: int) -> list[list[int]]:
    """Batches in which products of one shape, or of one that they share, stay together."""
    shared: dict[tuple[bool, int], list[int]] = {}
    for step_id in step_ids:
        is_alike = step_id in alike
        key = alike[step_id] if is_alike else _shape_key(model.by_id(step_id))
        shared.setdefault((is_alike, key), []).append(step_id)
    size = max(10, min(BATCH, -(-len(step_ids) // workers)))
    batches: list[list[int]] = [[]]
    for members in shared.values():
        for at in range(0, len(members), size):
            if len(batches[-1]) >= size:
                batches.append([])
            batches[-1].extend(members[at : at + size])
    return batches


def _shape_key(product: Any) -> int:
    for shape in product.Representation.Representations or ():
        for item in shape.Items or ():
            source = getattr(item, "MappingSource", None)
            if source is not None:
                return int(source.id())
    return -int(product.Representation.id())


def _start(model: Any, task: _Task, alike: Mapping[int, int], out: int, others: list[int]) -> _Worker:
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return _Worker(process, reading, task, time.monotonic())
    # In the worker: no cleaning up and no way back into the code above, whatever happens.
    status = 1
    try:
        die_with_parent()
        for descriptor in (reading, out, *others):
            os.close(descriptor)

        def deliver(head: dict[str, Any], block: bytes) -> None:
            wire.send(writing, head, block)

        if task.is_single:
            for place, step_id in enumerate(task.step_ids):
                mesh_one(model, step_id, task.attempt if place == 0 else 0, task.reason if place == 0 else "", deliver)
        else:
            mesh_batch(model, task.step_ids, alike, deliver)
        status = 0
    finally:
        os._exit(status)


def _forward(worker: _Worker, out: int) -> bool:
    """Passes on what a worker has written; False at its end."""
    piece = os.read(worker.descriptor, 1 << 18)
    for head, block in worker.inbox.feed(piece):
        if head["kind"] == "trying":
            worker.trying = (head["step_id"], head["attempt"])
        elif worker.task.is_single or head["kind"] == "mesh":
            worker.done.add(head["step_id"])
            wire.send(out, head, block)
    return bool(piece)


def _retry(worker: _Worker, out: int) -> list[_Task]:
    """What a worker leaves undone, one by one; a product that killed it goes on to its next attempt."""
    left = [step_id for step_id in worker.task.step_ids if step_id not in worker.done]
    if not left:
        return []
    if not worker.task.is_single or worker.trying is None:
        if worker.task.is_single:
            # It died before it said a word: nothing is learnt by trying the same again.
            for step_id in left:
                wire.send(out, {"kind": "failed", "step_id": step_id, "reason": "the kernel did not start"})
            return []
        return [_Task(tuple(left), is_single=True)]
    culprit, attempt = worker.trying
    if culprit in worker.done:
        return [_Task(tuple(left), is_single=True)]
    if worker.done and worker.ended != "ran out of time":
        # Memory adds up over the products of a worker, and kernels crash for want of it: a try of its own.
        return [_Task(tuple(left), is_single=True)]
    rest = [step_id for step_id in left if step_id != culprit]
    # A hang would hang in a sister kernel too and cost its time again: straight to the shape without openings.
    following = BOX_ATTEMPT - 1 if worker.ended != "crashed" and attempt < BOX_ATTEMPT - 1 else attempt + 1
    if following < ATTEMPTS:
        return [_Task((culprit, *rest), is_single=True, attempt=following, reason=f"the kernel {worker.ended}")]
    wire.send(out, {"kind": "failed", "step_id": culprit, "reason": worker.task.reason})
    return [_Task(tuple(rest), is_single=True)] if rest else []


def _reap(worker: _Worker) -> None:
    os.close(worker.descriptor)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(worker.process, 0)


def _give_up(workers: list[_Worker], queue: deque[_Task], out: int) -> None:
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.process, signal.SIGKILL)
        _reap(worker)
    left = [step_id for task in queue for step_id in task.step_ids]
    left += [step for worker in workers for step in worker.task.step_ids if step not in worker.done]
    for step_id in left:
        wire.send(out, {"kind": "failed", "step_id": step_id, "reason": "the model's time ran out"})
