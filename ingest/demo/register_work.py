# SPDX-License-Identifier: Apache-2.0
"""The work on the demo's registers: space for rent, a collection round each, hazards in every state. Synthetic.

Everything is drawn from the number in an entry's code, so it is the same at every scale and in any order.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final, LiteralString

import numpy as np
from psycopg import sql
from psycopg.types.json import Jsonb

from ingest.demo.draws import draw_uniform
from twin.access import Role
from twin.database import Connection
from twin.hazard import Action, State, next_state
from twin.survey import check_form, count_answered

HANDLER: Final = "示例物业公司"
"""The organisation that the demo's tasks are assigned to."""

_ROLE: Final[Role] = "admin"
_SALT: Final = 7_700

_KINDS: Final = {
    "industrial_park": (("safety", "设备间堆放易燃物"), ("fire", "消防通道被占用"), ("electric", "配电箱未关闭")),
    "urban_village": (
        ("fire", "楼道停放电动车"), ("gas", "燃气软管老化"), ("structure", "外墙面砖松动"), ("electric", "飞线充电"),
    ),
}  # fmt: skip

#: How a hazard may have come to where it is: the ways that are still open, then those that are not.
_OPEN: Final[tuple[tuple[Action, ...], ...]] = (
    ("report",), ("report", "assign"), ("report", "assign", "rectify"), ("report", "assign", "rectify", "return"),
)  # fmt: skip
_CLOSED: Final[tuple[tuple[Action, ...], ...]] = (
    ("report", "assign", "rectify", "verify"), ("report", "reject"),
    ("report", "assign", "rectify", "return", "rectify", "verify"),
)  # fmt: skip
_WHO: Final[dict[Action, Role]] = {
    "report": "grid_manager", "assign": "dispatcher", "rectify": "handler", "verify": "grid_manager",
    "return": "grid_manager", "reject": "dispatcher",
}  # fmt: skip


def _number(title: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "title": title}


def _choice(title: str) -> dict[str, Any]:
    return {"enum": ["是", "否"], "title": title}


FORMS: Final[dict[str, tuple[str, str, str, dict[str, Any]]]] = {
    "parks": ("industrial_park", "园区安全生产摸查(示例)", "Work safety in parks (demo)", {
        "type": "object", "required": ["firms", "vacant_rooms", "hydrants", "exits_clear", "solar"],
        "properties": {
            "firms": _number("在园企业数"), "vacant_rooms": _number("空置单元数"), "hydrants": _number("消火栓数"),
            "exits_clear": _choice("疏散通道畅通"), "solar": _choice("屋顶有光伏"),
        },
    }),
    "villages": ("urban_village", "城中村消防摸查(示例)", "Fire safety in urban villages (demo)", {
        "type": "object", "required": ["buildings", "rental_units", "charging_points", "extinguishers", "lanes_clear",
                                       "gas_piped"],
        "properties": {
            "buildings": _number("楼栋数"), "rental_units": _number("出租套数"),
            "charging_points": _number("充电端口数"), "extinguishers": _number("灭火器数"),
            "lanes_clear": _choice("消防车道畅通"), "gas_piped": _choice("管道燃气入户"),
        },
    }),
}  # fmt: skip


def load_register_work(connection: Connection, source_id: str, seed: int, now: datetime) -> None:
    """Put it beside the registers of `source_id`, which are loaded; what was there of them is replaced."""
    for name, (kind, title, title_en, form) in FORMS.items():
        days = 20 if name == "parks" else -10
        _load_round(connection, source_id, name, kind, title, title_en, form, (now + timedelta(days=days)).date(), seed)
        _load_hazards(connection, source_id, kind, seed, now)
    _load_spaces(connection, source_id, seed)


def _load_round(
    connection: Connection, source_id: str, name: str, kind: str, title: str, title_en: str, form: dict[str, Any],
    due: date, seed: int,
) -> None:  # fmt: skip
    required = check_form(form)
    connection.execute("DELETE FROM survey_round WHERE register = %s AND title = %s", (name, title))
    row = connection.execute(
        "INSERT INTO survey_round (register, kind, title, title_en, form, required, organisation, due, role) "
        "VALUES (%s, %s, %s, %s, %s, %s, '示例社区工作站', %s, %s) RETURNING id",
        (name, kind, title, title_en, Jsonb(form), required, due, _ROLE),
    ).fetchone()
    assert row is not None
    entries = _read_entries(connection, source_id, kind)
    keys = np.array([key for _, key, _ in entries], dtype=np.int64)
    chance = draw_uniform(seed, _SALT + len(name), keys)
    rows: list[tuple[Any, ...]] = []
    for (feature_id, key, completeness), drawn in zip(entries, chance.tolist(), strict=True):
        # A village's register says how complete it is; of parks one in eight has not begun.
        share = completeness if completeness is not None else max(0.0, min(1.0, 1.35 * drawn - 0.17))
        names = form["required"][: round(share * required)]
        answers = {
            field: ("是" if (key + at) % 4 else "否")
            if "enum" in form["properties"][field]
            else (key * 7 + at * 13) % 90
            for at, field in enumerate(names)
        }
        if answers:
            answered = count_answered(form, answers)
            rows.append((row[0], feature_id, kind, Jsonb(answers), answered, answered == required))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO survey_response (round_id, object_id, object_kind, answers, answered, completed_at, role) "
            "VALUES (%s, %s, %s, %s, %s, CASE WHEN %s THEN now() END, 'grid_manager')",
            rows,
        )


def _load_hazards(connection: Connection, source_id: str, kind: str, seed: int, now: datetime) -> None:
    connection.execute("DELETE FROM hazard WHERE source_id = %s AND object_kind = %s", (source_id, kind))
    # As many open ones as a village's register says; every third park has one.
    entries = [
        (row[0], row[1], row[3] if kind == "urban_village" else int(_key(row[1]) % 3 == 0))
        for row in connection.execute(_ENTRIES[kind], (source_id,)).fetchall()
    ]
    rows: list[dict[str, Any]] = []
    steps: list[tuple[Any, ...]] = []
    for feature_id, code, count in entries:
        key = _key(code)
        drawn = draw_uniform(seed, _SALT + 1, np.full(3 * (count + 1), key), np.arange(3 * (count + 1))).tolist()
        for number in range(count + 1):
            way_drawn, kind_drawn, time_drawn = drawn[3 * number : 3 * number + 3]
            # The last one is one that is over: whoever has been looked after for a while has such too.
            ways = _OPEN if number < count else _CLOSED
            way = ways[int(way_drawn * len(ways))]
            hazard_kind, description = _KINDS[kind][int(kind_drawn * len(_KINDS[kind]))]
            local_id = f"{code}-{number + 1}"
            found = now - timedelta(days=4 + 86 * time_drawn)
            made = _walk(local_id, way, description, found, now)
            steps += made
            at = {step[4]: step[9] for step in made}
            rows.append({
                "source": source_id, "local_id": local_id, "kind": kind, "id": feature_id, "hazard_kind": hazard_kind,
                "severity": 4 - int(kind_drawn * 7) % 3, "state": made[-1][4], "description": description,
                "due": made[1][7] if len(made) > 1 else None, "found": found, "seed": key * 100 + number + 1,
                "organisation": made[1][6] if len(made) > 1 else None,
                "rectified": at.get("rectified") if made[-1][4] in ("rectified", "verified") else None,
                "verified": at.get("verified"),
            })  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE drawn_hazard (LIKE hazard, seed integer) ON COMMIT DROP")
        cursor.execute("ALTER TABLE drawn_hazard DROP COLUMN id, ALTER COLUMN block_code DROP NOT NULL")  # fmt: skip
        cursor.executemany(
            "INSERT INTO drawn_hazard (source_id, local_id, object_kind, object_id, hazard_kind, severity, state, "
            "description, due, found_at, organisation, rectified_at, verified_at, seed, spans_blocks, access_class, "
            "attributes, valid_from, valid_to, recorded_at) VALUES (%(source)s, %(local_id)s, %(kind)s, %(id)s, "
            "%(hazard_kind)s, %(severity)s, %(state)s, %(description)s, %(due)s, %(found)s, %(organisation)s, "
            "%(rectified)s, %(verified)s, %(seed)s, false, 2, '{}', now(), 'infinity', now())",
            rows,
        )
        cursor.execute(sql.SQL(_PLACE).format(object=sql.Identifier(kind)))
        cursor.execute("DROP TABLE drawn_hazard")
        cursor.executemany(
            "INSERT INTO hazard_action (hazard_id, number, action, from_state, to_state, note, organisation, due, "
            "role, at) SELECT id, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM hazard "
            "WHERE source_id = %s AND local_id = %s",
            [(*step[1:], source_id, step[0]) for step in steps],
        )


def _walk(
    local_id: str, way: tuple[Action, ...], description: str, found: datetime, now: datetime
) -> list[tuple[Any, ...]]:
    """The steps of a way: local id, number, action, from, to, note, organisation, due, role, at."""
    state: State | None = None
    made: list[tuple[Any, ...]] = []
    for number, action in enumerate(way, start=1):
        after = next_state(state, action)
        at = found + (now - found) * ((number - 1) / len(way))
        note = {"report": description, "return": "整改不彻底", "reject": "现场核实不属实"}.get(action)
        is_task = action == "assign"
        made.append((
            local_id, number, action, state, after, note, HANDLER if is_task else None,
            (found + timedelta(days=30)).date() if is_task else None, _WHO[action], at,
        ))  # fmt: skip
        state = after
    return made


def _load_spaces(connection: Connection, source_id: str, seed: int) -> None:
    """Storeys to let in the park's own buildings until its vacant area is reached; units where they are known."""
    connection.execute(
        "DELETE FROM rental_space USING industrial_park AS park WHERE park.id = park_id AND park.source_id = %s",
        (source_id,),
    )
    rows = connection.execute(
        """
        SELECT park.id, park.code, park.vacant_area, building.code, building.storeys_above,
               building.gross_floor_area,
               (SELECT array_agg(ARRAY[unit.storey_number::text, unit.code, unit.floor_area::text] ORDER BY unit.code)
                FROM unit WHERE unit.building_id = building.id AND unit.floor_area > 0)
        FROM industrial_park AS park JOIN building ON building.geometry && park.geometry
            AND ST_Contains(park.geometry, ST_PointOnSurface(building.geometry))
        WHERE park.source_id = %(source)s AND building.source_id = %(source)s AND park.vacant_area > 0
          AND building.code IS NOT NULL AND building.storeys_above > 0 AND building.gross_floor_area > 0
        ORDER BY park.id, building.code
        """,
        {"source": source_id},
    ).fetchall()
    spaces: list[tuple[Any, ...]] = []
    left: dict[int, float] = {}
    for park, code, vacant, building, storeys, floor_area, units in rows:
        places = (
            [(int(storey), unit, float(area)) for storey, unit, area in units if storey is not None]
            if units
            else [(storey, None, floor_area / storeys) for storey in range(1, storeys + 1)]
        )
        drawn = draw_uniform(seed, _SALT + 2, np.full(len(places), _key(code)), np.arange(len(places))).tolist()
        for (storey, unit, area), chance in zip(places, drawn, strict=True):
            remaining = left.setdefault(park, float(vacant))
            if chance < 0.5 and remaining >= 20:
                let = round(min(area, remaining), 1)
                left[park] = remaining - let
                state = "reserved" if chance < 0.05 else "vacant"
                spaces.append((park, building, storey, unit, let, "industrial", state, _ROLE))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO rental_space (park_id, building_code, storey_number, unit_code, area, use, state, role) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            spaces,
        )


def _read_entries(connection: Connection, source_id: str, kind: str) -> list[tuple[int, int, float | None]]:
    """Id, number of the code, and how complete the register itself says a village is."""
    rows = connection.execute(_ENTRIES[kind], (source_id,)).fetchall()
    return [(int(row[0]), _key(row[1]), row[2]) for row in rows]


def _key(code: str) -> int:
    """The number in a demo code; 0 for the one without."""
    return int("".join(letter for letter in code if letter.isdigit()) or 0)


_ENTRIES: Final[dict[str, LiteralString]] = {
    "industrial_park": "SELECT id, code, NULL::float8, 0 FROM industrial_park WHERE source_id = %s ORDER BY id",
    "urban_village": "SELECT id, code, survey_completeness, coalesce(hazards, 0) FROM urban_village "
    "WHERE source_id = %s ORDER BY id",
}
_PLACE: Final[LiteralString] = """
    INSERT INTO hazard (source_id, local_id, name, object_kind, object_id, hazard_kind, severity, state, description,
                        due, found_at, organisation, rectified_at, verified_at, geometry, block_code)
    SELECT drawn.source_id, drawn.local_id, drawn.local_id, object_kind, object_id, hazard_kind, severity, state,
           description, due, found_at, organisation, rectified_at, verified_at, place,
           coalesce((SELECT code FROM valid_block JOIN block_scheme USING (scheme)
                     WHERE is_governance AND geometry && place AND ST_Intersects(geometry, place)
                     ORDER BY length(code) DESC, code LIMIT 1), '~')
    FROM (SELECT drawn_hazard.*, ST_GeometryN(ST_GeneratePoints(object.geometry, 1, drawn_hazard.seed), 1) AS place
          FROM drawn_hazard JOIN {object} AS object ON object.id = object_id OFFSET 0) AS drawn
    ORDER BY drawn.local_id
"""
