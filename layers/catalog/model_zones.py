# SPDX-License-Identifier: Apache-2.0
"""Zones of published models: spaces that belong together."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("模型分区", "Model zones"),
    description=Text(
        "已发布模型的分区(IfcZone、IfcSpatialZone)。",
        "Zones of published models (IfcZone, IfcSpatialZone).",
    ),
    kind="model_zone",
    geometry="polygon",
    sql="""
        SELECT model_zone.id, model_zone.geometry, model_zone.block_code, false AS spans_blocks,
               model_zone.access_class, model.valid_from, model.valid_to, model.id AS model_id, model.name AS model,
               model_zone.global_id, model_zone.name,
               model_zone.long_name, model_zone.ifc_class, model_zone.object_type, model_zone.spaces,
               model_zone.floor_area
        FROM model_zone JOIN model ON model.published_version_id = model_zone.version_id
    """,
    properties=(
        Property(name="model_id", title=Text("模型编号", "Model id"), type="integer"),
        Property(name="model", title=Text("模型", "Model"), in_tiles=False),
        Property(name="global_id", title=Text("GlobalId", "GlobalId")),
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="long_name", title=Text("全名", "Long name"), in_tiles=False),
        Property(name="ifc_class", title=Text("IFC 类", "IFC class"), in_tiles=False),
        Property(name="object_type", title=Text("类别", "Object type")),
        Property(name="spaces", title=Text("空间数", "Spaces"), type="integer", in_tiles=False),
        Property(name="floor_area", title=Text("面积", "Floor area"), type="number", unit="m²", in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#ffe599", stroke="#a08432", opacity=0.35, width=0.8),
    zooms=(Zoom(minzoom=16, maxzoom=19),),
    order=54,
    complete_from_zoom=16,
    is_visible=False,
)  # fmt: skip
