# SPDX-License-Identifier: Apache-2.0
"""Industrial parks of the register."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("工业园区", "Industrial parks"),
    description=Text("工业园区登记册:边界、面积、空置与企业。", "The register of parks: areas, vacancy, firms."),
    kind="industrial_park",
    geometry="polygon",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, code, park_type, operator, land_area, floor_area, vacant_area, firms
        FROM industrial_park
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name")),
        Property(name="code", title=Text("园区编码", "Park code"), in_tiles=False),
        Property(name="park_type", title=Text("类型", "Type"), values={
            "manufacturing": Text("制造", "Manufacturing"), "innovation": Text("创新", "Innovation"),
            "logistics": Text("物流", "Logistics"), "mixed": Text("综合", "Mixed"),
        }),
        Property(name="operator", title=Text("运营单位", "Operator"), in_tiles=False),
        Property(name="land_area", title=Text("占地面积", "Land area"), type="number", unit="m²"),
        Property(name="floor_area", title=Text("厂房面积", "Floor area"), type="number", unit="m²"),
        Property(name="vacant_area", title=Text("空置面积", "Vacant area"), type="number", unit="m²",
                 access_class=2),
        Property(name="firms", title=Text("企业数", "Firms"), type="integer", access_class=2),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#f2a33c", stroke="#f7c274", opacity=0.22, width=1.2),
    zooms=(
        Zoom(minzoom=8, maxzoom=12, simplify=0.5, smallest=1, cell=4),
        Zoom(minzoom=13, maxzoom=17),
    ),
    order=30,
    complete_from_zoom=13,
    kpis=(
        Kpi(name="count", title=Text("园区数", "Parks")),
        Kpi(name="land_area", title=Text("占地面积", "Land area"), unit="m²"),
        Kpi(name="firms", title=Text("企业数", "Firms")),
        Kpi(name="floor_area", title=Text("建筑面积", "Floor area"), unit="m²"),
        Kpi(name="vacant_area", title=Text("空置面积", "Vacant area"), unit="m²"),
        Kpi(name="open_hazards", title=Text("未整改隐患", "Open hazards")),
    ),
)  # fmt: skip
