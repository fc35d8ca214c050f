# SPDX-License-Identifier: Apache-2.0
"""Areas with a limit of height from a table or a vector file."""

from __future__ import annotations

from ingest.city.components import link_height_limits
from ingest.city.linked import LinkedSource
from ingest.city.registers import register_reader
from ingest.features import shaped_reader
from ingest.kind import KINDS

SOURCE = LinkedSource(
    kind=KINDS["height_limits"],
    read=shaped_reader(KINDS["height_limits"], register_reader("height_limits", "max_elevation", "vertical_datum")),
    link=link_height_limits,
)
