# SPDX-License-Identifier: Apache-2.0
"""Which products of a file have one shape, found in a process beside the one that opens the model."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import orjson

from ingest.bim.fingerprint import Digest, fingerprint_products
from ingest.bim.lifeline import die_with_parent, limit_memory


class RepeatSearch:
    """Begun before the model is opened, asked when it is meshed; what goes wrong in it costs time and nothing else."""

    def __init__(self, path: str, memory_bytes: int) -> None:
        self._descriptor, writing = os.pipe()
        self._process = os.fork()
        if self._process:
            os.close(writing)
            return
        # In the child: no way back into the code above, whatever happens.
        status = 1
        try:
            os.close(self._descriptor)
            die_with_parent()
            limit_memory(memory_bytes)
            with os.fdopen(writing, "wb") as out:
                out.write(orjson.dumps(find_repeats(Path(path).read_bytes())))
            status = 0
        finally:
            os._exit(status)

    def read(self) -> dict[int, int]:
        """The group of each product that shares its shape with another; empty where the search failed."""
        with os.fdopen(self._descriptor, "rb") as given:
            said = given.read()
        _, status = os.waitpid(self._process, 0)
        if status != 0:
            return {}
        return {product: number for number, group in enumerate(orjson.loads(said)) for product in group}


def find_repeats(text: bytes) -> list[list[int]]:
    """Groups of two and more products with one shape, by STEP number."""
    groups: dict[Digest, list[int]] = defaultdict(list)
    for product, digest in fingerprint_products(text).items():
        groups[digest].append(product)
    return [group for group in groups.values() if len(group) > 1]
