# SPDX-License-Identifier: Apache-2.0
"""Incidents: work orders, patrols' findings and public reports, newest first."""

from layers.layer import Layer, Property, Style, Zoom
from twin.text import Text

LAYER = Layer(
    title=Text("事件", "Incidents"),
    description=Text("工单、巡查发现与公众上报,最新在前。", "Work orders, patrols' findings and public reports."),
    kind="incident",
    geometry="point",
    # The names are looked up row by row: so only for the rows that a page or a tile shows.
    sql="""
        SELECT id, geometry, block_code, spans_blocks, access_class, valid_from, valid_to,
               local_id AS incident_no, event_type,
               (SELECT name FROM event_type AS listed
                WHERE listed.scheme = event_scheme AND listed.code = event_type) AS event_type_name,
               (SELECT name_en FROM event_type AS listed
                WHERE listed.scheme = event_scheme AND listed.code = event_type) AS event_type_name_en,
               severity, state, channel, summary, occurred_at, accepted_at, closed_at
        FROM incident
    """,
    properties=(
        Property(name="incident_no", title=Text("工单号", "Number")),
        Property(name="event_type", title=Text("事件类型编码", "Type code")),
        Property(name="event_type_name", title=Text("事件类型", "Type")),
        Property(name="event_type_name_en", title=Text("事件类型(英文)", "Type in English"), in_tiles=False),
        Property(name="severity", title=Text("等级", "Severity"), type="integer", aggregate="min", values={
            "1": Text("特别重大", "Extreme"), "2": Text("重大", "Major"),
            "3": Text("较大", "Serious"), "4": Text("一般", "Ordinary"),
        }),
        Property(name="state", title=Text("状态", "State"), values={
            "accepted": Text("受理", "Accepted"), "filed": Text("立案", "Filed"),
            "dispatched": Text("派遣", "Dispatched"), "handling": Text("处置", "Handling"),
            "feedback": Text("反馈", "Feedback"), "verifying": Text("核查", "Verifying"),
            "closed": Text("结案", "Closed"),
        }),
        Property(name="channel", title=Text("来源", "Channel"), in_tiles=False, values={
            "hotline": Text("热线", "Hotline"), "patrol": Text("巡查", "Patrol"), "app": Text("随手拍", "App"),
            "sensor": Text("感知设备", "Sensor"),
        }),
        Property(name="summary", title=Text("内容", "Summary"), access_class=3, in_tiles=False),
        Property(name="occurred_at", title=Text("发生时间", "Occurred at"), type="datetime"),
        Property(name="closed_at", title=Text("结案时间", "Closed at"), type="datetime", in_tiles=False),
        Property(name="block_code", title=Text("所在网格", "Home block")),
    ),
    style=Style(fill="#ffb020", stroke="#1b1f2a", radius=4, by=("severity", {
        "1": "#ff3b30", "2": "#ff8c1a", "3": "#ffd21f", "4": "#3aa0ff",
    })),
    zooms=(
        Zoom(minzoom=6, maxzoom=12, cell=4), Zoom(minzoom=13, maxzoom=14, cell=8), Zoom(minzoom=15, maxzoom=17),
    ),
    order=60,
    complete_from_zoom=15,
    time_column="occurred_at",
    newest_first=True,
)  # fmt: skip
