# SPDX-License-Identifier: Apache-2.0
"""Units (分层分户) of published models, with their house codes where these are known."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("模型分户", "Model units"),
    description=Text(
        "已发布模型的户,由分区或空间得出;房屋编码只在楼栋已对应时给出。",
        "Units of published models, from zones or spaces; house codes only where the building is matched.",
    ),
    kind="model_unit",
    geometry="polygon",
    sql="""
        SELECT model_unit.id, model_unit.geometry, model_unit.block_code, false AS spans_blocks,
               model_unit.access_class, model.valid_from, model.valid_to, model.id AS model_id, model.name AS model,
               model_unit.global_id, model_unit.name,
               model_unit.number, model_unit.code, model_unit.code_from, model_unit.unit_from, model_unit.use,
               model_unit.storey_number, model_unit.storeys, model_unit.spaces, model_unit.floor_area,
               part.name AS building
        FROM model_unit JOIN model ON model.published_version_id = model_unit.version_id
        LEFT JOIN model_building AS part
            ON part.version_id = model_unit.version_id AND part.global_id = model_unit.building_global_id
    """,
    properties=(
        Property(name="model_id", title=Text("模型编号", "Model id"), type="integer"),
        Property(name="model", title=Text("模型", "Model"), in_tiles=False),
        Property(name="global_id", title=Text("GlobalId", "GlobalId")),
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="number", title=Text("户号", "Unit number")),
        Property(name="code", title=Text("房屋编码", "House code"), in_tiles=False),
        Property(name="code_from", title=Text("编码来源或缺失原因", "Where the code is from, or why there is none"),
            in_tiles=False),
        Property(name="unit_from", title=Text("由何得出", "Made of"), in_tiles=False, values={
            "zone": Text("分区", "A zone"), "space": Text("空间", "Spaces"),
        }),
        Property(name="use", title=Text("用途", "Use"), in_tiles=False),
        Property(name="storey_number", title=Text("层号", "Storey number"), type="integer", aggregate="max"),
        Property(name="storeys", title=Text("层数", "Storeys"), type="integer", in_tiles=False),
        Property(name="spaces", title=Text("空间数", "Spaces"), type="integer", in_tiles=False),
        Property(name="floor_area", title=Text("面积", "Floor area"), type="number", unit="m²", in_tiles=False),
        Property(name="building", title=Text("建筑", "Building"), in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#f6b26b", stroke="#9c6224", opacity=0.4, width=0.8),
    zooms=(Zoom(minzoom=16, maxzoom=19),),
    order=55,
    complete_from_zoom=16,
    is_visible=False,
)  # fmt: skip
