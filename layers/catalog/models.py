# SPDX-License-Identifier: Apache-2.0
"""Models: the footprints of the planners' models with the version that is published."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("模型", "Models"),
    description=Text("BIM 模型的占地范围与已发布版本。", "Footprints of BIM models and what is published of them."),
    kind="model",
    geometry="polygon",
    sql="""
        SELECT model.id, model.geometry, model.block_code, model.spans_blocks,
               model.access_class, model.valid_from, model.valid_to, model.name, model.building_id,
               version.number AS version, version.tileset_id
        FROM model LEFT JOIN model_version AS version ON version.id = model.published_version_id
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name")),
        Property(name="building_id", title=Text("对应建筑", "Building"), type="integer"),
        Property(name="version", title=Text("已发布版本", "Published version"), type="integer"),
        Property(name="tileset_id", title=Text("三维瓦片", "Tileset"), type="integer"),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#22c1a6", stroke="#7ff0dc", opacity=0.35, width=1.5),
    zooms=(Zoom(minzoom=8, maxzoom=17),),
    order=50,
    complete_from_zoom=8,
    kpis=(Kpi(name="count", title=Text("模型数", "Models")),),
)
