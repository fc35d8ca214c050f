# SPDX-License-Identifier: Apache-2.0
"""Parcels with their planning conditions."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("地块", "Parcels"),
    description=Text("规划地块:用地性质、容积率与限高。", "Parcels: land use, plot ratio and height limit."),
    kind="parcel",
    geometry="polygon",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, code, land_use, land_use_code, land_area, plot_ratio, building_density, green_ratio,
               height_limit, plan_name
        FROM parcel
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="code", title=Text("地块编号", "Parcel code"), in_tiles=False),
        Property(name="land_use", title=Text("用地性质", "Land use"), values={
            "residential": Text("居住", "Residential"), "industrial": Text("工业", "Industrial"),
            "commercial": Text("商业服务", "Commercial"), "public": Text("公共管理与服务", "Public"),
            "green": Text("绿地与生态", "Green"), "transport": Text("交通设施", "Transport"),
            "village": Text("城中村", "Urban village"),
        }),
        Property(name="land_use_code", title=Text("用地代码", "Land-use code"), in_tiles=False),
        Property(name="land_area", title=Text("用地面积", "Land area"), type="number", unit="m²"),
        Property(name="plot_ratio", title=Text("容积率", "Plot ratio"), type="number"),
        Property(name="building_density", title=Text("建筑密度", "Building density"), type="number", in_tiles=False),
        Property(name="green_ratio", title=Text("绿地率", "Green ratio"), type="number", in_tiles=False),
        Property(name="height_limit", title=Text("建筑限高", "Height limit"), type="number", unit="m"),
        Property(name="plan_name", title=Text("依据规划", "Plan"), in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#a8a8a8", stroke="#c8c8c8", opacity=0.25, width=0.8, by=("land_use", {
        "residential": "#f2d16b", "industrial": "#b58a6a", "commercial": "#e07a6a", "public": "#d68fc0",
        "green": "#7fb77f", "transport": "#9aa0a8", "village": "#d9b98a",
    })),
    zooms=(Zoom(minzoom=9, maxzoom=12, simplify=0.5, smallest=2, cell=4), Zoom(minzoom=13, maxzoom=17)),
    order=32,
    complete_from_zoom=13,
    is_visible=False,
    kpis=(Kpi(name="land_area", title=Text("用地面积", "Land area"), unit="m²"),),
)  # fmt: skip
