# SPDX-License-Identifier: Apache-2.0
"""Standard addresses: the base on which everything with an address is placed."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("标准地址", "Standard addresses"),
    description=Text("统一地址:门牌、楼栋、单元与房屋。", "Gate numbers, buildings, units and rooms."),
    kind="address",
    geometry="point",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               normalised, code, town, community, road, number, residential_quarters, building, unit, room,
               building_code
        FROM address
    """,
    properties=(
        Property(name="normalised", title=Text("地址", "Address")),
        Property(name="code", title=Text("地址编码", "Address code"), in_tiles=False),
        Property(name="town", title=Text("街道", "Street"), in_tiles=False),
        Property(name="community", title=Text("社区", "Community"), in_tiles=False),
        Property(name="road", title=Text("道路", "Road"), in_tiles=False),
        Property(name="number", title=Text("门牌号", "Gate number")),
        Property(name="residential_quarters", title=Text("小区", "Residential quarters"), in_tiles=False),
        Property(name="building", title=Text("楼栋", "Building"), in_tiles=False),
        Property(name="unit", title=Text("单元", "Unit"), in_tiles=False),
        Property(name="room", title=Text("房号", "Room"), in_tiles=False),
        Property(name="building_code", title=Text("楼栋编码", "Building code"), in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#7fb08a", stroke="#e8f0ea", radius=2.5, opacity=0.9, width=0.5),
    zooms=(
        Zoom(minzoom=9, maxzoom=16, cell=8),
        Zoom(minzoom=17, maxzoom=18),
    ),
    order=26,
    complete_from_zoom=17,
    is_visible=False,
    kpis=(Kpi(name="count", title=Text("地址数", "Addresses")),),
)
