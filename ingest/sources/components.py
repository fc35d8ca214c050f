# SPDX-License-Identifier: Apache-2.0
"""Components of the city from a table or a vector file."""

from __future__ import annotations

from ingest.city.components import link_components
from ingest.city.linked import LinkedSource
from ingest.city.registers import register_reader
from ingest.features import shaped_reader
from ingest.kind import KINDS

SOURCE = LinkedSource(
    kind=KINDS["components"],
    read=shaped_reader(KINDS["components"], register_reader("components")),
    link=link_components,
)
