# SPDX-License-Identifier: Apache-2.0
"""Components of the city (部件): lamps, covers, hydrants, trees, by the operator's own types."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("城市部件", "Components"),
    description=Text("城市部件:类型、权属与定位精度。", "Components: type, owner and accuracy of place."),
    kind="component",
    geometry="point",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, code, type_code, left(type_code, 2) AS type_class, type_name, owner_department,
               accuracy_class, condition
        FROM component
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="code", title=Text("部件编码", "Component code"), in_tiles=False),
        Property(name="type_class", title=Text("大类", "Class"), values={
            "01": Text("公用设施", "Utilities"), "02": Text("交通设施", "Traffic"),
            "03": Text("市容环境", "City appearance"), "04": Text("园林绿化", "Greenery"),
            "05": Text("其他", "Other"),
        }),
        Property(name="type_code", title=Text("类型代码", "Type code"), in_tiles=False),
        Property(name="type_name", title=Text("类型", "Type")),
        Property(name="owner_department", title=Text("权属单位", "Owner"), in_tiles=False),
        Property(name="accuracy_class", title=Text("定位精度", "Accuracy"), in_tiles=False, values={
            "A": Text("A 级(0.5 米内)", "A (within 0.5 m)"), "B": Text("B 级(1 米内)", "B (within 1 m)"),
            "C": Text("C 级(10 米内)", "C (within 10 m)"),
        }),
        Property(name="condition", title=Text("状态", "Condition"), values={
            "intact": Text("完好", "Intact"), "damaged": Text("破损", "Damaged"),
            "missing": Text("丢失", "Missing"), "removed": Text("废弃", "Removed"),
        }),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#9aa7b5", stroke="#39424d", opacity=0.9, width=0.5, radius=2.5, by=("type_class", {
        "01": "#7fa6c9", "02": "#d9b25f", "03": "#b98fc0", "04": "#83b383", "05": "#9aa7b5",
    })),
    zooms=(
        Zoom(minzoom=12, maxzoom=15, cell=16),
        Zoom(minzoom=16, maxzoom=17),
    ),
    order=45,
    complete_from_zoom=16,
    is_topographic=True,
    is_visible=False,
    kpis=(Kpi(name="count", title=Text("部件数", "Components")),),
)  # fmt: skip
