# SPDX-License-Identifier: Apache-2.0
"""Roads: carriageways by class and width (a street is a block)."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("道路", "Roads"),
    description=Text("道路中心线,带等级与宽度。", "Centre lines with class and width."),
    kind="road",
    geometry="line",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, road_class, width
        FROM road
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name")),
        Property(name="road_class", title=Text("等级", "Class"), values={
            "expressway": Text("快速路", "Expressway"), "arterial": Text("主干路", "Arterial"),
            "secondary": Text("次干路", "Secondary"), "local": Text("支路", "Local"),
        }),
        Property(name="width", title=Text("宽度", "Width"), type="number", unit="m"),
    ),
    style=Style(stroke="#5b6b80", opacity=0.9, width=1.5, by=("road_class", {
        "expressway": "#c98a4b", "arterial": "#8593a6", "secondary": "#6b7a8f", "local": "#566478",
    })),
    zooms=(
        Zoom(minzoom=8, maxzoom=12, simplify=0.5, smallest=8, cell=8),
        Zoom(minzoom=13, maxzoom=14, simplify=0.25),
        Zoom(minzoom=15, maxzoom=17),
    ),
    order=15,
    complete_from_zoom=13,
    is_topographic=True,
)  # fmt: skip
