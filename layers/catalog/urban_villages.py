# SPDX-License-Identifier: Apache-2.0
"""Urban villages of the register."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("城中村", "Urban villages"),
    description=Text("城中村登记册:边界、房屋、隐患与摸查完成度。", "The register of villages: housing and hazards."),
    kind="urban_village",
    geometry="polygon",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, code, company, buildings, rental_units, hazards, survey_completeness
        FROM urban_village
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name")),
        Property(name="code", title=Text("编码", "Code"), in_tiles=False),
        Property(name="company", title=Text("股份合作公司", "Joint-stock company"), in_tiles=False),
        Property(name="buildings", title=Text("楼栋数", "Buildings"), type="integer"),
        Property(name="rental_units", title=Text("出租套数", "Rental units"), type="integer"),
        Property(name="hazards", title=Text("隐患数", "Hazards"), type="integer"),
        Property(name="survey_completeness", title=Text("摸查完成度", "Survey completeness"), type="number"),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#b06ad6", stroke="#d3a4ee", opacity=0.22, width=1.2),
    zooms=(
        Zoom(minzoom=8, maxzoom=12, simplify=0.5, smallest=1, cell=4),
        Zoom(minzoom=13, maxzoom=17),
    ),
    order=40,
    complete_from_zoom=13,
    kpis=(
        Kpi(name="count", title=Text("村数", "Villages")),
        Kpi(name="rental_units", title=Text("出租套数", "Rental units")),
        Kpi(name="hazards", title=Text("隐患数", "Hazards")),
        Kpi(name="buildings", title=Text("楼栋数", "Buildings")),
        Kpi(name="open_hazards", title=Text("未整改隐患", "Open hazards")),
        Kpi(name="surveyed", title=Text("已完成摸查(折合村数)", "Surveyed (in whole villages)")),
    ),
)  # fmt: skip
