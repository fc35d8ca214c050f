# SPDX-License-Identifier: Apache-2.0
"""Areas in which nothing may reach above a height: airport surfaces, view corridors, heritage."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("限高区", "Height limits"),
    description=Text("限高区:限制高程、高程基准与依据。", "Highest elevation, its vertical datum and its basis."),
    kind="height_limit",
    geometry="polygon",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, code, max_elevation, vertical_datum, basis
        FROM height_limit
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name")),
        Property(name="code", title=Text("编号", "Code"), in_tiles=False),
        Property(name="max_elevation", title=Text("限制高程", "Highest elevation"), type="number", unit="m"),
        Property(name="vertical_datum", title=Text("高程基准", "Vertical datum"), in_tiles=False),
        Property(name="basis", title=Text("依据", "Basis"), in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(stroke="#e0566f", opacity=0.8, width=1.4),
    zooms=(Zoom(minzoom=8, maxzoom=12, simplify=0.5), Zoom(minzoom=13, maxzoom=17)),
    order=34,
    complete_from_zoom=13,
    is_visible=False,
)
