# SPDX-License-Identifier: Apache-2.0
"""The layers of this process: those of the program, and the business layers that the database describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from layers.business import BusinessLayer, make_layer
from layers.layer import Layer
from layers.registry import find_layer, load_layers
from twin.access import Actor
from twin.errors import NotFoundError

_READ: Final[LiteralString] = """
    SELECT layer.code, layer.title, layer.title_en, layer.owner, layer.access_class, layer.attribute_schema,
           layer.legend, coalesce(known.dimension, 0), coalesce(known.keys, '{}')
    FROM business_layer AS layer
    LEFT JOIN LATERAL (
        SELECT max(ST_Dimension(placed.geometry)) AS dimension,
               array(SELECT DISTINCT key FROM business_feature AS one, jsonb_object_keys(one.attributes) AS key
                     WHERE one.layer_code = layer.code AND layer.attribute_schema -> 'properties' IS NULL
                     ORDER BY key LIMIT 60) AS keys
        FROM (SELECT geometry FROM business_feature WHERE layer_code = layer.code AND geometry IS NOT NULL LIMIT 1000)
             AS placed
    ) AS known ON true
    WHERE layer.withdrawn_at IS NULL
    ORDER BY layer.code
"""


class LayerList:
    """Finds layers. Business layers are known as of the last `read`."""

    def __init__(self) -> None:
        self._business: Mapping[str, tuple[int, Layer]] = {}

    async def read(self, connection: AsyncConnection[TupleRow]) -> None:
        """Read the business layers anew, as the owner."""
        rows = await (await connection.execute(_READ)).fetchall()
        self._business = {
            row[0]: (
                row[4],
                make_layer(BusinessLayer(
                    code=row[0], title=row[1], title_en=row[2], owner=row[3], access_class=row[4],
                    attribute_schema=row[5], legend=row[6], dimension=row[7], keys=row[8],
                )),
            )
            for row in rows if row[0] not in load_layers()
        }  # fmt: skip

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
