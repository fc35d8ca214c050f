# SPDX-License-Identifier: Apache-2.0
"""Tilesets: where 3D data sets reach."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("三维数据范围", "Tilesets"),
    description=Text("三维瓦片数据集的覆盖范围。", "What the 3D data sets cover."),
    kind="tileset",
    geometry="polygon",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, kind, singulation, model_id
        FROM tileset
        WHERE is_published
    """,
    properties=(
        Property(name="name", title=Text("名称", "Name")),
        Property(name="kind", title=Text("种类", "Kind"), values={
            "model": Text("模型", "Model"), "mesh": Text("倾斜摄影", "Mesh"),
        }),
        Property(name="singulation", title=Text("单体化方式", "Singulation")),
        Property(name="model_id", title=Text("模型", "Model"), type="integer"),
    ),
    style=Style(stroke="#8fd3ff", opacity=0.8, width=1.0),
    zooms=(Zoom(minzoom=6, maxzoom=16),),
    order=70,
    complete_from_zoom=6,
    is_visible=False,
)  # fmt: skip
