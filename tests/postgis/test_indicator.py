# SPDX-License-Identifier: Apache-2.0
"""Whatever stands in a department's list, an indicator over it is evaluated: it runs inside every write."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layers.business import BusinessLayer, make_layer
from layers.indicator import Condition, Indicator, compose, make_source
from twin.database import transaction
from twin.settings import Settings

TYPES: dict[str, dict[str, str]] = {
    "text": {"type": "string"}, "whole": {"type": "integer"}, "number": {"type": "number"},
    "truth": {"type": "boolean"}, "day": {"type": "string", "format": "date"},
}  # fmt: skip
EXAMPLES: dict[str, Any] = {
    "string": "x", "integer": 1, "number": 0.5, "boolean": True, "datetime": "2026-03-01T00:00:00+08:00",
}  # fmt: skip

_digits = st.integers(0, 99).map("{:02}".format)
_dates = st.builds("{}-{}-{}".format, st.integers(0, 9999).map("{:04}".format), _digits, _digits)
_moments = st.builds(
    "{}{}{}:{}{}".format, _dates, st.sampled_from("T "), _digits, _digits,
    st.sampled_from(["", "Z", "+08:00", "-14:59", "+15:00", ":61", ":59.999999Z"]),
)  # fmt: skip
_numbers = st.builds("{}{}.{}".format, st.sampled_from(["", "-", "+"]), st.integers(0, 10**120), st.integers(0))
_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _text, _numbers, _dates,
    _moments, st.sampled_from(["1e400", "infinity", "NaN", "٣", "是", "否"]), st.lists(st.integers(), max_size=2),
)  # fmt: skip
_rows = st.lists(st.fixed_dictionaries(dict.fromkeys(TYPES, _values)), min_size=1, max_size=60)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=_rows, name=_text.map("of {}".format).filter(lambda text: len(text) < 60))
def test_no_value_of_any_attribute_stops_a_write(database: Settings, rows: list[dict[str, Any]], name: str) -> None:
    described = {**TYPES, name: {"type": "number"}}
    layer = make_layer(BusinessLayer(code="list", title="list", attribute_schema={"properties": described}))
    source = make_source(layer, (), 2)
    expressions: list[str] = []
    for declared in source.properties:
        if declared.name in described:
            made = compose(_indicate(declared.name, declared.type), source)
            period = made.period or "NULL"
            assert made.access_class == 2
            expressions.append(
                f"(({made.value})::float8, ({made.filter})::boolean, ({made.dimension})::text, ({period})::date)"
            )
    assert len(expressions) == len(described)
    with transaction(database) as connection:
        connection.execute(
            "CREATE TEMP TABLE feature ON COMMIT DROP AS SELECT 'list' AS layer_code, one AS attributes "
            "FROM jsonb_array_elements(%s::jsonb) AS one",
            (json.dumps([{**row, name: row["number"]} for row in rows]),),
        )
        counted = f"SELECT max(length(d)), max(length(p::text)) FROM feature, LATERAL (VALUES {', '.join(expressions)})"
        found = connection.execute(f"{counted} AS counted(v, f, d, p)".encode()).fetchone()
    # A number is as long as it is written; what is cut by text and day has a bound.
    assert found is not None and (found[0] or 0) <= 400 and (found[1] or 0) <= 10


def _indicate(name: str, kind: str) -> Indicator:
    conditions = (
        Condition(property=name, op="!=", value=EXAMPLES[kind]), Condition(property=name, op="is null"),
    )  # fmt: skip
    return Indicator(
        layer="list", conditions=conditions, dimension=name, day=name if kind == "datetime" else None,
        value=name if kind in ("integer", "number") else None,
    )  # fmt: skip
