# SPDX-License-Identifier: Apache-2.0
"""Systems of published models: elements that serve together, around their middles."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("模型系统", "Model systems"),
    description=Text(
        "已发布模型的系统(给排水、暖通、电气等)。",
        "Systems of published models (water, air, power and others).",
    ),
    kind="model_system",
    geometry="polygon",
    sql="""
        SELECT model_system.id, model_system.geometry, model_system.block_code, false AS spans_blocks,
               model_system.access_class, model.valid_from, model.valid_to, model.id AS model_id, model.name AS model,
               model_system.global_id, model_system.name,
               model_system.long_name, model_system.ifc_class, model_system.predefined_type, model_system.object_type,
               model_system.elements
        FROM model_system JOIN model ON model.published_version_id = model_system.version_id
    """,
    properties=(
        Property(name="model_id", title=Text("模型编号", "Model id"), type="integer"),
        Property(name="model", title=Text("模型", "Model"), in_tiles=False),
        Property(name="global_id", title=Text("GlobalId", "GlobalId")),
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="long_name", title=Text("全名", "Long name"), in_tiles=False),
        Property(name="ifc_class", title=Text("IFC 类", "IFC class"), in_tiles=False),
        Property(name="predefined_type", title=Text("预定义类型", "Predefined type")),
        Property(name="object_type", title=Text("类别", "Object type"), in_tiles=False),
        Property(name="elements", title=Text("构件数", "Elements"), type="integer", in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#d5a6bd", stroke="#7a4a60", opacity=0.3, width=0.8),
    zooms=(Zoom(minzoom=16, maxzoom=19),),
    order=56,
    complete_from_zoom=16,
    is_visible=False,
)  # fmt: skip
