# SPDX-License-Identifier: Apache-2.0
"""Spaces of published models, with their use and area."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("模型空间", "Model spaces"),
    description=Text(
        "已发布模型的空间,带用途与面积及其来源。",
        "Spaces of published models with use, area and where the area is from.",
    ),
    kind="model_space",
    geometry="polygon",
    sql="""
        SELECT model_space.id, model_space.geometry, model_space.block_code, false AS spans_blocks,
               model_space.access_class, model.valid_from, model.valid_to, model.id AS model_id, model.name AS model,
               model_space.global_id, model_space.name,
               model_space.long_name, model_space.use, model_space.storey_number, storey.name AS storey,
               part.name AS building, model_space.floor_area, model_space.area_from, model_space.net_area,
               model_space.gross_area, model_space.outline_area, model_space.z_min, model_space.z_max
        FROM model_space JOIN model ON model.published_version_id = model_space.version_id
        LEFT JOIN model_storey AS storey
            ON storey.version_id = model_space.version_id AND storey.global_id = model_space.storey_global_id
        LEFT JOIN model_building AS part
            ON part.version_id = model_space.version_id AND part.global_id = model_space.building_global_id
    """,
    properties=(
        Property(name="model_id", title=Text("模型编号", "Model id"), type="integer"),
        Property(name="model", title=Text("模型", "Model"), in_tiles=False),
        Property(name="global_id", title=Text("GlobalId", "GlobalId")),
        Property(name="name", title=Text("名称", "Name"), in_tiles=False),
        Property(name="long_name", title=Text("全名", "Long name"), in_tiles=False),
        Property(name="use", title=Text("用途", "Use")),
        Property(name="storey_number", title=Text("层号", "Storey number"), type="integer", aggregate="max"),
        Property(name="storey", title=Text("楼层", "Storey"), in_tiles=False),
        Property(name="building", title=Text("建筑", "Building"), in_tiles=False),
        Property(name="floor_area", title=Text("面积", "Floor area"), type="number", unit="m²", in_tiles=False),
        Property(name="area_from", title=Text("面积来源", "Area from"), in_tiles=False, values={
            "net": Text("净面积", "Net area"), "gross": Text("建筑面积", "Gross area"),
            "outline": Text("轮廓", "Outline"),
        }),
        Property(name="net_area", title=Text("净面积", "Net floor area"), type="number", unit="m²", in_tiles=False),
        Property(name="gross_area", title=Text("建筑面积", "Gross area"), type="number", unit="m²", in_tiles=False),
        Property(name="outline_area", title=Text("轮廓面积", "Area of the outline"),
            type="number", unit="m²", in_tiles=False),
        Property(name="z_min", title=Text("底标高", "Bottom"), type="number", unit="m", in_tiles=False),
        Property(name="z_max", title=Text("顶标高", "Top"), type="number", unit="m", in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#b6d7a8", stroke="#4f7a3d", opacity=0.4, width=0.6),
    zooms=(Zoom(minzoom=16, maxzoom=19),),
    order=53,
    complete_from_zoom=16,
    is_visible=False,
)  # fmt: skip
