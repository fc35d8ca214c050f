# SPDX-License-Identifier: Apache-2.0
"""Storeys of buildings (分层), one over the other: look from close by, or in 3D."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("楼层", "Storeys"),
    description=Text("建筑的楼层,带底、顶标高。", "Storeys of buildings with their elevations."),
    kind="storey",
    geometry="polygon",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, building_id, building_code, number, use, floor_area, z_min, z_max, z_max - z_min AS height
        FROM storey
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="building_id", title=Text("所属建筑", "Building"), type="integer"),
        Property(name="building_code", title=Text("楼栋编码", "Building code"), in_tiles=False),
        Property(name="number", title=Text("层号", "Storey"), type="integer", aggregate="max"),
        Property(name="use", title=Text("用途", "Use"), values={
            "residential": Text("住宅", "Residential"), "industrial": Text("工业", "Industrial"),
            "commercial": Text("商业", "Commercial"), "office": Text("办公", "Office"),
            "mixed": Text("综合", "Mixed"), "public": Text("公共服务", "Public"),
            "storage": Text("仓储", "Storage"), "parking": Text("停车", "Parking"),
        }),
        Property(name="floor_area", title=Text("建筑面积", "Floor area"), type="number", unit="m²", in_tiles=False),
        Property(name="z_min", title=Text("底标高", "Bottom elevation"), type="number", unit="m"),
        Property(name="z_max", title=Text("顶标高", "Top elevation"), type="number", unit="m"),
        Property(name="height", title=Text("层高", "Storey height"), type="number", unit="m", in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#b8a888", stroke="#7d7058", opacity=0.5, width=0.5),
    zooms=(
        Zoom(minzoom=14, maxzoom=16, cell=16),
        Zoom(minzoom=17, maxzoom=18),
    ),
    order=22,
    complete_from_zoom=17,
    is_visible=False,
)  # fmt: skip
