# SPDX-License-Identifier: Apache-2.0
"""The tree of CQL2 JSON to SQL: every literal bound, every property one of the layer's that its asker may see.

Unknown is unknown, as in SQL: what a feature has no value for is neither so nor not so, and NOT leaves it that way.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Final, LiteralString, cast

import orjson
from psycopg.sql import SQL, Composable, Literal, Placeholder

from layers.conditions import name_column
from layers.cql2 import arithmetic, temporal
from layers.cql2.expression import Expression
from layers.cql2.geometry import LiteralCrs
from layers.cql2.operand import KINDS, TEMPORAL, Kind, Operand, settle_kinds
from layers.cql2.path import list_roots, read_path
from layers.cql2.refusal import FLATTEN, TOO_DEEP, refuse
from layers.cql2.spatial import PREDICATES, read_literal, relate_shapes
from layers.cql2.text import MAX_DEPTH
from layers.layer import Layer, PropertyType
from twin.model.table import STORAGE_SRID
from twin.text import Text

COMPARISONS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
GEOMETRY: Final = "geometry"
ID: Final[LiteralString] = "id"

_KIND_OF: Final[Mapping[PropertyType, Kind]] = {
    "string": "text", "integer": "number", "number": "number", "boolean": "boolean", "datetime": "instant",
}  # fmt: skip
_COLUMN: Final[Mapping[Kind, LiteralString]] = {
    # Nothing where the column has the type already, so that an index stays of use.
    "text": "({})::text", "number": "({})", "boolean": "({})::boolean", "instant": "({})::timestamptz",
    "geometry": "{}",
}  # fmt: skip
_CASELESS: Final[LiteralString] = '(upper(lower(({}) COLLATE "und-x-icu"))) COLLATE "C"'
_ACCENTLESS: Final[LiteralString] = "normalize(regexp_replace(normalize({}, NFD), '[\\u0300-\\u036f]', '', 'g'), NFC)"
"""Without the marks that letters of the Latin, Greek and Cyrillic scripts carry; those of kana make another letter."""

_SEE_QUERYABLES: Final = Text("可用的属性见 queryables", "the queryables list the properties there are")
_JSON_FIX: Final = Text(
    '参照 OGC 21-065r2 的 CQL2 JSON 写法,如 {"op":"=","args":[{"property":"use"},"office"]}',
    'write it as CQL2 JSON of OGC 21-065r2, like {"op":"=","args":[{"property":"use"},"office"]}',
)


def compile_expression(
    tree: Any, layer: Layer, access_class: int, *, zone: tzinfo, crs: LiteralCrs | None = None
) -> Expression:
    """The condition that a tree of CQL2 JSON is, for an actor of this class. Raises InvalidRequestError.

    zone: whose days dates are. crs: of the geometry literals, CRS84 unless given.
    """
    compiler = _Compiler(layer, access_class, zone, crs or LiteralCrs())
    text = compiler.condition(tree, "$", 1)
    told = orjson.dumps(tree, option=orjson.OPT_SORT_KEYS) + repr((compiler.crs, str(zone))).encode()
    return Expression(hashlib.sha256(told).hexdigest(), text, compiler.values, tuple(sorted(compiler.names)))


@dataclass
class _Compiler:
    layer: Layer
    access_class: int
    zone: tzinfo
    crs: LiteralCrs
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    names: set[str] = field(default_factory=set[str])

    def condition(self, node: Any, where: str, depth: int) -> Composable:
        """A condition's SQL, in parentheses where it needs any."""
        _check_depth(where, depth)
        if isinstance(node, bool):
            return SQL("true") if node else SQL("false")
        operator = _operator(node) or ""
        if operator in ("and", "or", "not"):
            return self._connect(operator, _arguments(node, where), where, depth)
        if operator in COMPARISONS:
            a, b = self._operands(node, where, depth, 2)
            return self._compare(operator, a, b, where)
        if operator == "between":
            value, low, high = self._operands(node, where, depth, 3)
            _require(value, ("text", "number", "instant", "day"), f"{where}.args[0]")
            parts = self._compare(">=", value, low, where), self._compare("<=", value, high, where)
            return SQL("({} AND {})").format(*parts)
        if operator == "in":
            return self._one_of(node, where, depth)
        if operator == "like":
            return self._like(node, where, depth)
        if operator == "isnull":
            (value,) = self._operands(node, where, depth, 1)
            missing = SQL("({} IS NULL)").format(value.sql)
            if value.end is None:
                return missing
            return SQL("({} OR {} IS NULL)").format(missing, value.end)
        if operator in PREDICATES:
            a, b = self._operands(node, where, depth, 2)
            return relate_shapes(operator, a, b, where)
        if operator in temporal.RELATIONS:
            a, b = self._operands(node, where, depth, 2)
            for number, one in enumerate((a, b)):
                _require(one, tuple(TEMPORAL), f"{where}.args[{number}]")
            return temporal.relate_times(operator, a, b)
        value = self.value(node, where, depth).read_as("boolean")
        _require(value, ("boolean",), where)
        return value.sql

    def value(self, node: Any, where: str, depth: int) -> Operand:
        """A typed value."""
        _check_depth(where, depth)
        if isinstance(node, bool):
            return Operand("boolean", SQL("true") if node else SQL("false"), is_literal=True)
        if isinstance(node, int | float):
            return self._number(float(node), where)
        if isinstance(node, str):
            return self._text(node, where)
        if node is None:
            raise refuse(
                where, Text("NULL 不能参与比较", "nothing compares with NULL"), Text("请用 IS NULL", "use IS NULL")
            )
        if isinstance(node, list):
            raise refuse(where, Text("列表只能用于 IN", "a list stands in IN alone"), _SEE_QUERYABLES)
        if not isinstance(node, dict):
            raise refuse(where, Text("无法理解", "it cannot be understood"), _JSON_FIX)
        keys = set(cast("dict[str, Any]", node))
        if keys == {"property"}:
            return self._property(node["property"], where)
        if keys == {"timestamp"}:
            moment = self._bind(temporal.read_moment(node["timestamp"], where), "timestamptz")
            return Operand("instant", moment, is_literal=True)
        if keys == {"date"}:
            return self._day(node["date"], where)
        if keys == {"interval"}:
            return self._interval(node["interval"], where)
        operator = _operator(node)
        if operator is None or operator == "envelope":
            shape = read_literal(node, self.crs, where)
            if shape is None:
                raise refuse(where, Text("无法理解这一项", "this cannot be understood"), _JSON_FIX)
            sql = SQL("ST_GeomFromWKB({}, {})").format(self._bind(shape.wkb, "bytea"), Literal(STORAGE_SRID))
            return Operand("geometry", sql, is_literal=True, is_mixed=shape.geom_type == "GeometryCollection")
        if operator in ("casei", "accenti"):
            (inner,) = self._operands(node, where, depth, 1)
            _require(inner, ("text",), f"{where}.args[0]")
            template = _CASELESS if operator == "casei" else _ACCENTLESS
            return Operand("text", SQL(template).format(inner.sql), is_literal=inner.is_literal)
        if operator in arithmetic.OPERATORS:
            return self._compute(operator, node, where, depth)
        if operator in ("and", "or", "not", "between", "in", "like", "isnull", *COMPARISONS, *PREDICATES,
                        *temporal.RELATIONS):  # fmt: skip
            return Operand("boolean", self.condition(node, where, depth))
        operator = operator[:64]
        if operator.startswith("a_"):
            what = Text(
                f"这里没有数组属性,不支持 {operator}", f"no property is an array, so there is no {operator} here"
            )
            raise refuse(where, what, Text("请改用 IN 或比较运算", "use IN or a comparison"))
        what = Text(f"没有运算或函数“{operator}”", f"there is no operator or function '{operator}'")
        raise refuse(where, what, Text("请检查拼写", "check how it is spelt"))

    def _operands(self, node: Any, where: str, depth: int, count: int) -> list[Operand]:
        arguments = _arguments(node, where)
        if len(arguments) != count:
            operator = str(node["op"])[:64]
            raise refuse(
                where,
                Text(f"{operator} 需要 {count} 个参数,给了 {len(arguments)} 个",
                     f"{operator} takes {count} arguments and has {len(arguments)}"),
                Text("请补足或删减参数", "add or take away arguments"),
            )  # fmt: skip
        values = [self.value(one, f"{where}.args[{i}]", depth + 1) for i, one in enumerate(arguments)]
        return settle_kinds(values, "number" if _operator(node) in arithmetic.OPERATORS else "text")

    def _connect(self, operator: str, arguments: Sequence[Any], where: str, depth: int) -> Composable:
        wrong = len(arguments) != 1 if operator == "not" else len(arguments) < 2
        if wrong:
            wanted = ("一个", "one argument") if operator == "not" else ("两个以上", "two arguments or more")
            what = Text(f"{operator} 需要{wanted[0]}参数", f"{operator} takes {wanted[1]}")
            raise refuse(where, what, Text("请补足或删减参数", "add or take away arguments"))
        parts = [self.condition(one, f"{where}.args[{i}]", depth + 1) for i, one in enumerate(arguments)]
        if operator == "not":
            return SQL("(NOT {})").format(parts[0])
        return SQL("({})").format(SQL(" AND " if operator == "and" else " OR ").join(parts))

    def _compare(self, operator: str, a: Operand, b: Operand, where: str) -> Composable:
        for one in (a, b):
            if one.kind == "geometry":
                what = Text("几何不能比较大小", "a geometry cannot be compared")
                raise refuse(where, what, Text("请用 S_EQUALS 等空间谓词", "use a spatial predicate like S_EQUALS"))
            if one.kind == "interval":
                what = Text("时间区间不能比较大小", "an interval cannot be compared")
                raise refuse(where, what, Text("请用 T_DURING 等时间谓词", "use a temporal predicate like T_DURING"))
        if a.kind in TEMPORAL and b.kind in TEMPORAL:
            return temporal.compare_times(operator, a, b)
        if a.kind != b.kind:
            raise refuse(where, _mismatch(a, b), _fix_mismatch(a, b))
        return SQL("({} {} {})").format(a.sql, SQL(cast("LiteralString", operator)), b.sql)

    def _one_of(self, node: Any, where: str, depth: int) -> Composable:
        arguments = _arguments(node, where)
        listed: Any = arguments[1] if len(arguments) == 2 else None
        if not isinstance(listed, list):
            # A list of one in parentheses is a value in parentheses to the parser.
            listed = [listed] if len(arguments) == 2 else []
        if not listed:
            what = Text("in 需要一个值和一个非空列表", "in takes a value and a list that is not empty")
            raise refuse(where, what, Text("写作 use IN ('office','public')", "write use IN ('office','public')"))
        value = self.value(arguments[0], f"{where}.args[0]", depth + 1)
        choices = [
            self.value(one, f"{where}.args[1][{i}]", depth + 1) for i, one in enumerate(cast("list[Any]", listed))
        ]
        value, *choices = settle_kinds([value, *choices], "text")
        return SQL("({})").format(
            SQL(" OR ").join(self._compare("=", value, one, f"{where}.args[1][{i}]") for i, one in enumerate(choices))
        ) if value.kind in TEMPORAL else self._in_list(value, choices, where)  # fmt: skip

    def _in_list(self, value: Operand, choices: Sequence[Operand], where: str) -> Composable:
        for number, one in enumerate(choices):
            self._compare("=", value, one, f"{where}.args[1][{number}]")
        return SQL("({} IN ({}))").format(value.sql, SQL(", ").join(one.sql for one in choices))

    def _like(self, node: Any, where: str, depth: int) -> Composable:
        value, pattern = self._operands(node, where, depth, 2)
        _require(value, ("text",), f"{where}.args[0]")
        there = f"{where}.args[1]"
        _require(pattern, ("text",), there)
        if not pattern.is_literal:
            what = Text("LIKE 的模式只能是文本常量", "the pattern of LIKE is a literal text")
            raise refuse(there, what, Text("写作 name LIKE '%园%'", "write name LIKE '%park%'"))
        if _ends_escaping(node["args"][1]):
            what = Text("模式以单个反斜杠结尾", "the pattern ends in a single backslash")
            raise refuse(there, what, Text("反斜杠本身写作 \\\\", "a backslash itself is written \\\\"))
        return SQL("({} LIKE {})").format(value.sql, pattern.sql)

    def _compute(self, operator: str, node: Any, where: str, depth: int) -> Operand:
        a, b = self._operands(node, where, depth, 2)
        for number, one in enumerate((a, b)):
            _require(one, ("number",), f"{where}.args[{number}]")
        if a.number is None or b.number is None:
            return Operand(
                "number", arithmetic.compute(operator, a.sql, b.sql), is_literal=a.is_literal and b.is_literal
            )
        folded = arithmetic.fold(operator, a.number, b.number)
        if folded is None:
            return Operand("number", SQL("NULL::float8"), is_literal=True)
        return self._number(folded, where)

    def _number(self, value: float, where: str) -> Operand:
        if not math.isfinite(value):
            what = Text("数字超出范围", "the number is out of range")
            raise refuse(
                where, what, Text("双精度浮点数可表示的最大值约为 1.8e308", "a double holds up to about 1.8e308")
            )
        # A whole number stays one, so that an index on a column of those is of use.
        is_whole = value.is_integer() and abs(value) < 1 << 53
        sql = self._bind(int(value), "bigint") if is_whole else self._bind(value, "float8")
        return Operand("number", sql, number=value, is_literal=True)

    def _text(self, value: str, where: str) -> Operand:
        if "\x00" in value:
            what = Text("文本含有空字符", "the text holds a null character")
            raise refuse(where, what, Text("请去掉 \\u0000", "take \\u0000 away"))
        return Operand("text", self._bind(value, "text"), is_literal=True)

    def _property(self, name: object, where: str) -> Operand:
        kind: Kind | None = {ID: "number", GEOMETRY: "geometry"}.get(name) if isinstance(name, str) else None  # type: ignore[assignment]
        shown = self.layer.properties_for(self.access_class)
        declared = next((p for p in shown if p.name == name), None)
        if declared is not None:
            kind = _KIND_OF[declared.type]
        found = read_path(name, self.layer, where, self._bind) if kind is None and isinstance(name, str) else None
        if found is not None:
            self.names.add(str(name))
            return found
        if kind is None:
            listed = ", ".join((GEOMETRY, ID, *(p.name for p in shown), *list_roots(self.layer)))
            name = str(name)[:64]
            raise refuse(
                where,
                Text(f"没有可查询的属性“{name}”", f"there is no queryable '{name}'"),
                Text(f"可用:{listed}", f"use one of: {listed}"),
            )
        self.names.add(str(name))
        return Operand(kind, SQL(_COLUMN[kind]).format(name_column(str(name))))

    def _day(self, value: object, where: str) -> Operand:
        start, end = temporal.read_day(value, self.zone, where)
        return Operand("day", self._bind(start, "timestamptz"), end=self._bind(end, "timestamptz"), is_literal=True)

    def _interval(self, ends: object, where: str) -> Operand:
        if not isinstance(ends, list) or len(cast("list[Any]", ends)) != 2:
            what = Text("时间区间需要起止两项", "an interval has a start and an end")
            raise refuse(where, what, Text("开放的一端写作 '..'", "an open end is '..'"))
        start, end = (self._end(one, f"{where}.interval[{i}]", i) for i, one in enumerate(cast("list[Any]", ends)))
        return Operand("interval", start, end=end)

    def _end(self, node: Any, where: str, side: int) -> Composable:
        if node in ("..", ""):
            return SQL("'infinity'::timestamptz") if side else SQL("'-infinity'::timestamptz")
        if isinstance(node, str):
            node = {"date": node} if temporal.is_day(node) else {"timestamp": node}
        value = self.value(node, where, 1)
        _require(value, ("instant", "day"), where)
        return value.last if side else value.sql

    def _bind(self, value: Any, type_name: LiteralString) -> Composable:
        key = f"cql{len(self.values)}"
        self.values[key] = value
        return SQL("{}::{}").format(Placeholder(key), SQL(type_name))


def _operator(node: Any) -> str | None:
    """Operators are spelt as the standard has it or in lower case throughout."""
    if isinstance(node, dict) and set(cast("dict[str, Any]", node)) == {"op", "args"} and isinstance(node["op"], str):
        return node["op"].lower()
    return None


def _arguments(node: Any, where: str) -> Sequence[Any]:
    if not isinstance(node["args"], list):
        raise refuse(f"{where}.args", Text("应为列表", "it has to be a list"), _JSON_FIX)
    return cast("list[Any]", node["args"])


def _check_depth(where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise refuse(f"{where[:40]}…", TOO_DEEP, FLATTEN)


def _require(value: Operand, kinds: Sequence[Kind], where: str) -> None:
    if value.kind not in kinds:
        wanted = sorted(kinds)
        what = Text(
            f"应为{'或'.join(KINDS[kind].zh for kind in wanted)},而这里是{KINDS[value.kind].zh}",
            f"it has to be {' or '.join(KINDS[kind].en for kind in wanted)}, and is {KINDS[value.kind].en}",
        )
        raise refuse(where, what, _SEE_QUERYABLES)


def _mismatch(a: Operand, b: Operand) -> Text:
    return Text(
        f"{KINDS[a.kind].zh}与{KINDS[b.kind].zh}不能比较",
        f"{KINDS[a.kind].en} cannot be compared with {KINDS[b.kind].en}",
    )


def _fix_mismatch(a: Operand, b: Operand) -> Text:
    kinds = {a.kind, b.kind}
    if kinds & TEMPORAL:
        return Text(
            "时间写作 TIMESTAMP('2026-01-31T08:00:00Z') 或 DATE('2026-01-31')",
            "write times as TIMESTAMP('2026-01-31T08:00:00Z') or DATE('2026-01-31')",
        )
    if kinds == {"text", "number"}:
        return Text("数字不加引号,文本加单引号", "numbers have no quotes, texts have single ones")
    return _SEE_QUERYABLES


def _ends_escaping(node: Any) -> bool:
    while isinstance(node, dict):
        node = cast("dict[str, Any]", node)["args"][0]
    return isinstance(node, str) and (len(node) - len(node.rstrip("\\"))) % 2 == 1
