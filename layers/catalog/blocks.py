# SPDX-License-Identifier: Apache-2.0
"""Blocks: district, streets, communities and base grids. Names, codes and boundaries are public."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("块", "Blocks"),
    description=Text("区、街道、社区、基础网格四级管控边界。", "District, streets, communities and base grids."),
    kind="block",
    geometry="polygon",
    sql="""
        SELECT block.id, block.geometry, block.code AS block_code, false AS spans_blocks,
               block.access_class, block.valid_from, block.valid_to, block.code, block.name, block.name_en,
               block.level, block.parent_code, block.area,
               (SELECT count(*) FROM valid_block AS below WHERE below.scheme = block.scheme
                AND below.code >= block.code AND below.code < block.code || '~') AS blocks
        FROM valid_block AS block JOIN block_scheme ON block_scheme.scheme = block.scheme
        WHERE block_scheme.is_governance
    """,
    properties=(
        Property(name="code", title=Text("编码", "Code")),
        Property(name="name", title=Text("名称", "Name")),
        Property(name="name_en", title=Text("英文名", "English name")),
        Property(name="level", title=Text("级别", "Level"), type="integer"),
        Property(name="parent_code", title=Text("上级编码", "Parent code"), in_tiles=False),
        Property(name="area", title=Text("面积", "Area"), type="number", unit="m²", in_tiles=False),
    ),
    style=Style(fill="#2f7bff", stroke="#6fb1ff", opacity=0.06, width=1.2),
    zooms=(
        Zoom(minzoom=0, maxzoom=11, where="level <= 2", simplify=0.5,
             stands_for="CASE WHEN level < 2 THEN 1 ELSE blocks END"),
        Zoom(minzoom=12, maxzoom=13, where="level <= 3", simplify=0.25,
             stands_for="CASE WHEN level < 3 THEN 1 ELSE blocks END"),
        Zoom(minzoom=14, maxzoom=18),
    ),
    order=10,
    complete_from_zoom=14,
)  # fmt: skip
