# SPDX-License-Identifier: Apache-2.0
"""Building footprints from a vector file or a table with WKT."""

from __future__ import annotations

from ingest.city.linked import LinkedSource
from ingest.features import vector_reader
from ingest.kind import KINDS

SOURCE = LinkedSource(kind=KINDS["buildings"], read=vector_reader(KINDS["buildings"]), form="building")
