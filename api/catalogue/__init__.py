# SPDX-License-Identifier: Apache-2.0
"""The catalogue: what there is, as OGC API Records, as STAC, and as 3D GeoVolumes."""

from typing import Final

CATALOGUE: Final = "catalogue"
"""The id of the collection of records, which no layer can have."""
