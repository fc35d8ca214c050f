# SPDX-License-Identifier: Apache-2.0
"""Storeys from a table or a vector file; one without a geometry lies where its building lies."""

from __future__ import annotations

from ingest.city.houses import link_storeys
from ingest.city.linked import LinkedSource
from ingest.city.registers import register_reader
from ingest.features import shaped_reader
from ingest.kind import KINDS

SOURCE = LinkedSource(
    kind=KINDS["storeys"], read=shaped_reader(KINDS["storeys"], register_reader("storeys", "number")), link=link_storeys
)
