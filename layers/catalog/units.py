# SPDX-License-Identifier: Apache-2.0
"""Units (分户). Who lives there is not known here; how many, is told from class 3 and never exactly."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("户(房屋)", "Units"),
    description=Text("楼层内的户,带用途与面积。", "Units within storeys, with use and area."),
    kind="unit",
    geometry="polygon",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               code, estate_code, building_id, building_code, storey_number, room, use, floor_area, z_min, z_max,
               occupancy, shown_residents(residents) AS residents
        FROM unit
    """,
    properties=(
        Property(name="code", title=Text("房屋编码", "House code"), in_tiles=False),
        Property(name="estate_code", title=Text("不动产单元代码", "Estate unit code"), in_tiles=False, access_class=3),
        Property(name="building_id", title=Text("所属建筑", "Building"), type="integer"),
        Property(name="building_code", title=Text("楼栋编码", "Building code"), in_tiles=False),
        Property(name="storey_number", title=Text("层号", "Storey"), type="integer", aggregate="max"),
        Property(name="room", title=Text("房号", "Room"), in_tiles=False),
        Property(name="use", title=Text("用途", "Use"), values={
            "residential": Text("住宅", "Residential"), "industrial": Text("工业", "Industrial"),
            "commercial": Text("商业", "Commercial"), "office": Text("办公", "Office"),
            "mixed": Text("综合", "Mixed"), "public": Text("公共服务", "Public"),
            "storage": Text("仓储", "Storage"), "parking": Text("停车", "Parking"),
        }),
        Property(name="floor_area", title=Text("建筑面积", "Floor area"), type="number", unit="m²", in_tiles=False),
        Property(name="z_min", title=Text("底标高", "Bottom elevation"), type="number", unit="m"),
        Property(name="z_max", title=Text("顶标高", "Top elevation"), type="number", unit="m"),
        Property(name="occupancy", title=Text("使用状态", "Occupancy"), access_class=3, in_tiles=False, values={
            "vacant": Text("空置", "Vacant"), "self": Text("自用", "By its owner"), "rented": Text("出租", "Rented"),
        }),
        Property(name="residents", title=Text("居住人数", "Residents"), access_class=3, in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#c9b79c", stroke="#8a7a60", opacity=0.5, width=0.5),
    zooms=(Zoom(minzoom=14, maxzoom=16, cell=16), Zoom(minzoom=17, maxzoom=18)),
    order=24,
    complete_from_zoom=17,
    is_visible=False,
    kpis=(Kpi(name="count", title=Text("户数", "Units")),),
)  # fmt: skip
