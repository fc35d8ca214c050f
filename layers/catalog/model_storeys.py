# SPDX-License-Identifier: Apache-2.0
"""Storeys of published models, with what they declare of their area."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("模型楼层", "Model storeys"),
    description=Text(
        "已发布模型的楼层,带标高与声明的面积。",
        "Storeys of published models with elevation and declared area.",
    ),
    kind="model_storey",
    geometry="polygon",
    sql="""
        SELECT model_storey.id, model_storey.geometry, model_storey.block_code, false AS spans_blocks,
               model_storey.access_class, model.valid_from, model.valid_to, model.id AS model_id, model.name AS model,
               model_storey.global_id, model_storey.name,
               model_storey.number, model_storey.elevation, model_storey.height, model_storey.elements,
               model_storey.declared_gross_area, model_storey.declared_net_area, part.name AS building
        FROM model_storey JOIN model ON model.published_version_id = model_storey.version_id
        LEFT JOIN model_building AS part
            ON part.version_id = model_storey.version_id AND part.global_id = model_storey.building_global_id
    """,
    properties=(
        Property(name="model_id", title=Text("模型编号", "Model id"), type="integer"),
        Property(name="model", title=Text("模型", "Model"), in_tiles=False),
        Property(name="global_id", title=Text("GlobalId", "GlobalId")),
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="number", title=Text("层号", "Number"), type="integer", aggregate="max"),
        Property(name="elevation", title=Text("标高", "Elevation"), type="number", unit="m"),
        Property(name="height", title=Text("层高", "Height"), type="number", unit="m", in_tiles=False),
        Property(name="elements", title=Text("构件数", "Elements"), type="integer", in_tiles=False),
        Property(name="declared_gross_area", title=Text("声明的建筑面积", "Declared gross floor area"),
            type="number", unit="m²", in_tiles=False),
        Property(name="declared_net_area", title=Text("声明的净面积", "Declared net floor area"),
            type="number", unit="m²", in_tiles=False),
        Property(name="building", title=Text("建筑", "Building"), in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#9fc5e8", stroke="#3d6a94", opacity=0.3, width=0.8),
    zooms=(Zoom(minzoom=16, maxzoom=19),),
    order=52,
    complete_from_zoom=16,
    is_visible=False,
)  # fmt: skip
