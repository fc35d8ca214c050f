# SPDX-License-Identifier: Apache-2.0
"""Hazards found at parks, villages and buildings, and how far their removal is."""

from layers.layer import Kpi, Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("隐患", "Hazards"),
    description=Text("发现、派单、整改、核销的隐患。", "Hazards from finding over task and removal to verification."),
    kind="hazard",
    geometry="point",
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               name, hazard_kind, severity, state, description, organisation, due, found_at, object_kind, object_id
        FROM hazard
    """,
    properties=(
        Property(name="name", title=Text("编号", "Number")),
        Property(name="hazard_kind", title=Text("类别", "Kind"), values={
            "fire": Text("消防", "Fire"), "electric": Text("用电", "Electric"), "gas": Text("燃气", "Gas"),
            "structure": Text("房屋结构", "Structure"), "slope": Text("边坡", "Slope"),
            "safety": Text("生产安全", "Work safety"), "other": Text("其他", "Other"),
        }),
        Property(name="severity", title=Text("等级", "Severity"), type="integer", aggregate="min", values={
            "1": Text("特别重大", "Extreme"), "2": Text("重大", "Major"),
            "3": Text("较大", "Serious"), "4": Text("一般", "Ordinary"),
        }),
        Property(name="state", title=Text("状态", "State"), values={
            "found": Text("已发现", "Found"), "assigned": Text("整改中", "Assigned"),
            "rectified": Text("待核查", "Rectified"), "returned": Text("退回重改", "Returned"),
            "verified": Text("已核销", "Verified"), "rejected": Text("不属实", "Rejected"),
        }),
        Property(name="description", title=Text("描述", "Description"), in_tiles=False),
        Property(name="organisation", title=Text("整改单位", "Organisation"), in_tiles=False),
        Property(name="due", title=Text("整改期限", "Due"), type="datetime", in_tiles=False),
        Property(name="found_at", title=Text("发现时间", "Found at"), type="datetime", in_tiles=False),
        Property(name="object_kind", title=Text("所在对象类型", "Found at a"), in_tiles=False),
        Property(name="object_id", title=Text("所在对象", "Found at"), type="integer", in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block"), in_tiles=False),
    ),
    style=Style(fill="#ff5a36", stroke="#1b1f2a", radius=4, by=("state", {
        "found": "#ff3b30", "assigned": "#ff8c1a", "returned": "#ff3b30", "rectified": "#ffd21f",
        "verified": "#34c759", "rejected": "#8e8e93",
    })),
    zooms=(Zoom(minzoom=8, maxzoom=12, cell=4), Zoom(minzoom=13, maxzoom=17)),
    order=42,
    complete_from_zoom=13,
    is_visible=False,
    kpis=(
        Kpi(name="count", title=Text("隐患总数", "Hazards")),
        Kpi(name="open", title=Text("未整改隐患", "Open hazards")),
    ),
)  # fmt: skip
