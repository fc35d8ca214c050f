# SPDX-License-Identifier: Apache-2.0
"""Query parameters: what each may look like, and that no other is swallowed in silence."""

from __future__ import annotations

import base64
import binascii
import calendar
import math
import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.http.offered_crs import DEFAULT_CRS, OfferedCrs, parse_box
from layers.filter import Filter, Match
from layers.layer import Layer, Property
from twin.errors import InvalidRequestError
from twin.text import Text

MAX_LIMIT: Final = 10_000
"""The most features of a page; who asks for more gets as many."""
DEFAULT_LIMIT: Final = 100
MAX_IDS: Final = 1_000

_TYPES: Final = {
    "boolean": Text("true 或 false", "true or false"),
    "integer": Text("整数", "a whole number"),
    "number": Text("数字", "a number"),
    "datetime": Text("RFC 3339 时刻", "an RFC 3339 instant"),
    "string": Text("文本", "text"),
}
_CODE: Final = re.compile(r"[0-9A-Za-z]{1,32}")

_DURATION: Final = re.compile(
    r"P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6}(?:\.\d{1,6})?)S)?)?"
)

Interval = tuple[datetime | None, datetime | None]


async def refuse_unknown(request: Request) -> None:
    """A dependency of every router: a parameter that the route does not know is an error, not noise.

    It waits for nothing, but the framework sends what does not say `async` to another thread and back.
    """
    route = request.scope.get("route")
    if isinstance(route, APIRoute):
        check_names(request.query_params.keys(), known_names(request))


def known_names(request: Request) -> frozenset[str]:
    """The query parameters that the route of a request declares, itself or by its dependencies."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return frozenset()
    dependant, names = _names.get(id(route), (None, frozenset[str]()))
    if dependant is not route.dependant:
        names = _list_names(route.dependant)
        _names[id(route)] = route.dependant, names
    return names


_names: dict[int, tuple[Dependant, frozenset[str]]] = {}
"""What was listed of a route that is told by its number; what it declares is kept, so that no other passes for it."""


def _list_names(dependant: Dependant) -> frozenset[str]:
    own = frozenset(field.alias for field in dependant.query_params)
    return own.union(*map(_list_names, dependant.dependencies))


def check_names(given: Iterable[str], known: Collection[str]) -> None:
    """Raises InvalidRequestError for the first name that is not known."""
    for name in given:
        if name not in known:
            listed = ", ".join(sorted(known)) or "-"
            raise InvalidRequestError(
                Text(
                    f"不认识参数“{name}”。可用:{listed}。",
                    f"The parameter '{name}' is not known here. Known: {listed}.",
                ),
                name,
            )


def parse_filter(
    zone: tzinfo, *, bbox: str | None = None, block: str | None = None, ids: str | None = None,
    moment: str | None = None, as_of: str | None = None, bbox_crs: OfferedCrs = DEFAULT_CRS,
) -> Filter:  # fmt: skip
    """The narrowing that a request asks for; times that name no zone are of `zone`.

    Raises InvalidRequestError.
    """
    boxes, frame = ((), None) if bbox is None else parse_box(bbox, bbox_crs)
    return Filter(
        boxes=boxes,
        frame=frame,
        block=None if block is None else parse_code(block),
        ids=None if ids is None else parse_ids(ids),
        interval=None if moment is None else parse_interval(moment, zone),
        as_of=None if as_of is None else parse_as_of(as_of, zone),
    )


def parse_code(text: str) -> str:
    """A block's code."""
    if not _CODE.fullmatch(text):
        raise _wrong("block", "块编码", "the code of a block")
    return text


def parse_ids(text: str) -> tuple[int, ...]:
    """Feature ids, comma separated."""
    parts = text.split(",")
    if len(parts) > MAX_IDS or not all(re.fullmatch(r"\d{1,18}", part.strip()) for part in parts):
        raise _wrong("ids", f"以逗号分隔的整数,最多 {MAX_IDS} 个", f"integers with commas, at most {MAX_IDS}")
    return tuple(sorted({int(part) for part in parts}))


def parse_interval(text: str, zone: tzinfo) -> Interval:
    """An instant, `start/end`, `start/..` or `../end` (RFC 3339; a date is the whole day in `zone`).

    One of both ends may be a duration instead: `start/P1M` or `PT12H/end`.
    """
    parts = text.split("/")
    try:
        if len(parts) == 1:
            return _parse_moment(text, zone, is_end=False), _parse_moment(text, zone, is_end=True)
        if len(parts) == 2 and parts[1].startswith("P"):
            start = _parse_moment(parts[0], zone, is_end=False)
            return start, _move(start, parts[1], 1)
        if len(parts) == 2 and parts[0].startswith("P"):
            end = _parse_moment(parts[1], zone, is_end=True)
            return _move(end, parts[0], -1), end
        if len(parts) == 2 and parts != ["..", ".."] and any(parts):
            start = None if parts[0] in ("", "..") else _parse_moment(parts[0], zone, is_end=False)
            end = None if parts[1] in ("", "..") else _parse_moment(parts[1], zone, is_end=True)
            if start is None or end is None or start <= end:
                return start, end
    except (ValueError, OverflowError):
        pass
    raise _wrong("datetime", "RFC 3339 时刻或 起/止 区间", "an RFC 3339 instant or interval start/end")


def _move(moment: datetime, duration: str, direction: int) -> datetime:
    """A moment and an ISO 8601 duration; months first, a day that a month lacks is its last one.

    Raises ValueError, OverflowError.
    """
    found = _DURATION.fullmatch(duration)
    if found is None or not any(found.groups()) or duration.endswith("T"):
        raise ValueError
    years, months, weeks, days, hours, minutes = (direction * int(part or 0) for part in found.groups()[:6])
    year, month = divmod(moment.year * 12 + moment.month - 1 + years * 12 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    moved = moment.replace(year=year, month=month + 1, day=min(moment.day, last))
    seconds = direction * float(found[7] or 0)
    return moved + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def parse_matches(given: Iterable[tuple[str, str]], properties: Iterable[Property], zone: tzinfo) -> tuple[Match, ...]:
    """The parameters that are named like a property as conditions on it: equal to the value. All of them hold.

    Raises InvalidRequestError for a value that is not of the property's type.
    """
    by_name = {p.name: p for p in properties}
    return tuple(Match(name, "=", _parse_value(by_name[name], text, zone)) for name, text in given if name in by_name)


def _parse_value(declared: Property, text: str, zone: tzinfo) -> str | float | bool:
    try:
        if declared.type == "boolean":
            return {"true": True, "false": False}[text]
        if declared.type == "integer" and -(1 << 63) <= int(text) < 1 << 63:
            return int(text)
        if declared.type == "number" and math.isfinite(float(text)):
            return float(text)
        if declared.type == "datetime":
            return _parse_moment(text, zone, is_end=False).isoformat()
        if declared.type == "string" and "\0" not in text:
            return text
    except (KeyError, ValueError):
        pass
    wanted = _TYPES.get(declared.type, _TYPES["string"])
    raise _wrong(declared.name, wanted.zh, wanted.en)


def parse_instant(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """A moment of valid time, as a span: RFC 3339; a date is its last moment in `zone`."""
    try:
        moment = _parse_moment(text, zone, is_end=True)
    except ValueError:
        raise _wrong("datetime", "RFC 3339 时刻", "an RFC 3339 instant") from None
    return moment, moment


def parse_as_of(text: str, zone: tzinfo) -> datetime:
    """The moment whose records are asked for: RFC 3339, not in the future; a date is its last moment, or now."""
    try:
        moment = _parse_moment(text, zone, is_end=True)
    except ValueError:
        raise _wrong("as_of", "RFC 3339 时刻", "an RFC 3339 instant") from None
    now = datetime.now(zone)
    if moment <= now:
        return moment
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) and moment.date() == now.date():
        return now
    raise _wrong("as_of", "过去的时刻", "a moment of the past")


def _parse_moment(text: str, zone: tzinfo, *, is_end: bool) -> datetime:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        start = datetime.combine(date.fromisoformat(text), time(), zone)
        return start + timedelta(days=1, microseconds=-1) if is_end else start
    # A plus sign arrives as a space where a client did not escape it.
    moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def encode_cursor(cursor: str) -> str:
    """A place in a paged list as a client carries it."""
    return base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")


def decode_cursor(text: str, layer: Layer) -> list[str]:
    """The place that `encode_cursor` wrote. Raises InvalidRequestError."""
    try:
        padded = text + "=" * (-len(text) % 4)
        parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split("|")
        if len(parts) == 1 + layer.newest_first and 0 <= int(parts[-1]) < 1 << 63:
            if layer.newest_first and not re.fullmatch(r"-?infinity|\d{4}-\d\d-\d\d [0-9:.+-]{8,32}", parts[0]):
                raise ValueError
            return parts
    except (binascii.Error, ValueError):
        pass
    raise _wrong("cursor", "上一页给出的游标", "the cursor that the last page gave")


def parse_buffer(text: str | None) -> int:
    """The margin of a tile in its units, 64 unless asked: 0, 64, 128 or 256."""
    if text is None:
        return 64
    if text not in ("0", "64", "128", "256"):
        raise _wrong("buffer", "0、64、128 或 256", "0, 64, 128 or 256")
    return int(text)


def parse_cells(text: str | None) -> str:
    """The block scheme in whose cells a tile's features are counted: `beidou`, or none."""
    if text not in (None, "beidou"):
        raise _wrong("cells", " beidou(北斗网格)", "`beidou`: cells of the BeiDou grid")
    return text or ""


def _wrong(name: str, zh: str, en: str) -> InvalidRequestError:
    return InvalidRequestError(Text(f"参数 {name} 应为{zh}。", f"The parameter {name} is {en}."), name)
