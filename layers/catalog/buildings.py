# SPDX-License-Identifier: Apache-2.0
"""Buildings: footprints with storeys and height."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("建筑", "Buildings"),
    description=Text("建筑基底,带层数、高度与用途。", "Footprints with storeys, height and use."),
    kind="building",
    geometry="polygon",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, code, use, structure, storeys_above, storeys_below, height, base_elevation,
               gross_floor_area, year_built
        FROM building
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name")),
        Property(name="code", title=Text("楼栋编码", "Building code"), in_tiles=False),
        Property(name="use", title=Text("用途", "Use"), values={
            "residential": Text("住宅", "Residential"), "industrial": Text("工业", "Industrial"),
            "commercial": Text("商业", "Commercial"), "office": Text("办公", "Office"),
            "mixed": Text("综合", "Mixed"), "public": Text("公共服务", "Public"),
        }),
        Property(name="structure", title=Text("结构", "Structure"), in_tiles=False, values={
            "frame": Text("框架", "Frame"), "shear_wall": Text("剪力墙", "Shear wall"),
            "masonry": Text("砌体", "Masonry"), "steel": Text("钢结构", "Steel"),
        }),
        Property(name="storeys_above", title=Text("地上层数", "Storeys above ground"), type="integer", aggregate="max"),
        Property(name="storeys_below", title=Text("地下层数", "Storeys below ground"), type="integer", in_tiles=False),
        Property(name="height", title=Text("高度", "Height"), type="number", unit="m", aggregate="max"),
        Property(name="base_elevation", title=Text("基底高程", "Base elevation"), type="number", unit="m"),
        Property(name="gross_floor_area", title=Text("建筑面积", "Gross floor area"), type="number", unit="m²"),
        Property(name="year_built", title=Text("建成年份", "Year built"), type="integer", in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#9fb4cc", stroke="#5f7590", opacity=0.9, width=0.6, extrude="height", by=("use", {
        "residential": "#c9b79c", "industrial": "#8fa3b8", "commercial": "#d0a46c", "office": "#8fb7c9",
        "mixed": "#c0a890", "public": "#9cc0a0",
    })),
    zooms=(
        Zoom(minzoom=9, maxzoom=12, cell=8),
        Zoom(minzoom=13, maxzoom=13, smallest=2, cell=4),
        Zoom(minzoom=14, maxzoom=17),
    ),
    order=20,
    complete_from_zoom=14,
    is_topographic=True,
    kpis=(
        Kpi(name="count", title=Text("栋数", "Buildings")),
        Kpi(name="floor_area", title=Text("总建筑面积", "Floor area"), unit="m²"),
    ),
)  # fmt: skip
