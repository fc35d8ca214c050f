# SPDX-License-Identifier: Apache-2.0
"""The layers of this process: those of the program, and the business layers that the database describes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.catalogue import CATALOGUE
from layers.business import BusinessLayer, make_layer
from layers.layer import Layer
from layers.registry import find_layer, load_layers
from twin.access import Actor
from twin.errors import NotFoundError

_READ: Final[LiteralString] = """
    SELECT layer.code, layer.title, layer.title_en, layer.owner, layer.access_class, layer.attribute_schema,
           layer.legend,
           array(SELECT dimension FROM generate_series(0, 2) AS dimension
                 WHERE EXISTS (SELECT FROM business_feature AS one
                               WHERE one.layer_code = layer.code AND ST_Dimension(one.geometry) = dimension)),
           array(SELECT DISTINCT key FROM business_feature AS one, jsonb_object_keys(one.attributes) AS key
                 WHERE one.layer_code = layer.code AND layer.attribute_schema -> 'properties' IS NULL
                 ORDER BY key LIMIT 60)
    FROM business_layer AS layer
    WHERE layer.withdrawn_at IS NULL
    ORDER BY layer.code
"""
_CURRENT_S: Final = 2.0
"""The longest that anybody waits for the layers to be read anew."""


class LayerList:
    """Finds layers. Business layers are known as of the last `read`."""

    def __init__(self) -> None:
        self._business: Mapping[str, tuple[int, Layer]] = {}
        self._changes = self._read_changes = 0
        self._was_read = asyncio.Event()

    def note_change(self) -> None:
        """A layer is another than it was when the layers were read last."""
        self._changes += 1

    async def wait_until_current(self) -> None:
        """Wait until everything that has been noted by now has been read, but not for ever."""
        wanted = self._changes
        with suppress(TimeoutError):
            async with asyncio.timeout(_CURRENT_S):
                while self._read_changes < wanted:
                    await self._was_read.wait()

    async def read(self, connection: AsyncConnection[TupleRow]) -> None:
        """Read the business layers anew, as the owner."""
        known = self._changes
        rows = await (await connection.execute(_READ)).fetchall()
        self._business = {
            row[0]: (
                row[4],
                make_layer(BusinessLayer(
                    code=row[0], title=row[1], title_en=row[2], owner=row[3], access_class=row[4],
                    attribute_schema=row[5], legend=row[6], dimensions=row[7], keys=row[8],
                )),
            )
            for row in rows if row[0] not in load_layers() and row[0] != CATALOGUE
        }  # fmt: skip
        self._read_changes = max(known, self._read_changes)
        was_read, self._was_read = self._was_read, asyncio.Event()
        was_read.set()

    def list_for(self, actor: Actor) -> list[Layer]:
        """Every layer that the actor may know of, in order."""
        own = [layer for access_class, layer in self._business.values() if access_class <= actor.access_class]
        return [*load_layers().values(), *own]

    def find(self, layer_id: str, actor: Actor) -> Layer:
        """The layer with this id. Raises NotFoundError, for one that the actor may not know of as well."""
        try:
            return find_layer(layer_id)
        except NotFoundError:
            access_class, layer = self._business.get(layer_id, (0, None))
            if layer is None or access_class > actor.access_class:
                raise
            return layer

    @property
    def business_ids(self) -> tuple[str, ...]:
        """The ids of all business layers."""
        return tuple(self._business)

    @property
    def business_classes(self) -> dict[str, int]:
        """The class that each business layer needs, by id."""
        return {layer_id: access_class for layer_id, (access_class, _layer) in self._business.items()}
