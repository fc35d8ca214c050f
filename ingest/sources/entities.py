# SPDX-License-Identifier: Apache-2.0
"""Legal entities from a table or a vector file, as they are published; known by their credit code."""

from __future__ import annotations

from ingest.city.houses import link_entities
from ingest.city.linked import LinkedSource
from ingest.city.registers import register_reader
from ingest.features import shaped_reader
from ingest.kind import KINDS

SOURCE = LinkedSource(
    kind=KINDS["entities"],
    read=shaped_reader(KINDS["entities"], register_reader("entities", "uscc")),
    link=link_entities,
)
