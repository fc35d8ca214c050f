# SPDX-License-Identifier: Apache-2.0
"""Elements of published models: each IfcProduct, at the middle of its envelope."""

from layers.layer import Layer, Property, Root, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("模型构件", "Model elements"),
    description=Text(
        "已发布模型的构件,可按属性集与工程量中的任意属性查询。",
        "Elements of published models, to be asked for by any property or quantity.",
    ),
    kind="element",
    geometry="point",
    sql="""
        SELECT element.id, element.geometry, element.block_code, false AS spans_blocks,
               element.access_class, model.valid_from, model.valid_to, model.id AS model_id, model.name AS model,
               element.global_id, element.name,
               element.ifc_class, element.predefined_type, element.tag, element.type_name, element.storey_number,
               storey.name AS storey, space.name AS space, element.space_global_id, part.name AS building,
               element.parent_global_id, element.is_spatial, element.materials::text AS materials,
               element.property_sets, element.quantities, element.classifications
        FROM element JOIN model ON model.published_version_id = element.version_id
        LEFT JOIN model_storey AS storey
            ON storey.version_id = element.version_id AND storey.global_id = element.storey_global_id
        LEFT JOIN model_space AS space
            ON space.version_id = element.version_id AND space.global_id = element.space_global_id
        LEFT JOIN model_building AS part
            ON part.version_id = element.version_id AND part.global_id = element.building_global_id
    """,
    properties=(
        Property(name="model_id", title=Text("模型编号", "Model id"), type="integer"),
        Property(name="model", title=Text("模型", "Model"), in_tiles=False),
        Property(name="global_id", title=Text("GlobalId", "GlobalId")),
        Property(name="ifc_class", title=Text("IFC 类", "IFC class")),
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="predefined_type", title=Text("预定义类型", "Predefined type"), in_tiles=False),
        Property(name="tag", title=Text("标记", "Tag"), in_tiles=False),
        Property(name="type_name", title=Text("类型", "Type"), in_tiles=False),
        Property(name="storey_number", title=Text("层号", "Storey number"), type="integer", aggregate="max"),
        Property(name="storey", title=Text("楼层", "Storey"), in_tiles=False),
        Property(name="space", title=Text("空间", "Space"), in_tiles=False),
        Property(name="space_global_id", title=Text("空间 GlobalId", "GlobalId of the space"), in_tiles=False),
        Property(name="building", title=Text("建筑", "Building"), in_tiles=False),
        Property(name="parent_global_id", title=Text("上级 GlobalId", "GlobalId of the parent"), in_tiles=False),
        Property(name="is_spatial", title=Text("空间结构", "Is spatial"), type="boolean", in_tiles=False),
        Property(name="materials", title=Text("材料", "Materials"), in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    roots=(
        Root(name="property_sets", title=Text("属性集", "Property sets")),
        Root(name="quantities", title=Text("工程量", "Quantities")),
        Root(name="classifications", title=Text("分类编码,按体系", "Codes of classifications, by system")),
    ),
    style=Style(fill="#6fa8dc", stroke="#2b4a66", opacity=0.9, width=0.5, radius=2),
    zooms=(Zoom(minzoom=19, maxzoom=20),),
    order=51,
    complete_from_zoom=19,
    is_visible=False,
)  # fmt: skip
