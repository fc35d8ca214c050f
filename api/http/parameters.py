# SPDX-License-Identifier: Apache-2.0
"""Query parameters: what each may look like, and that no other is swallowed in silence."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from fastapi import Request
from fastapi.routing import APIRoute

from layers.filter import Filter, cut_box
from layers.layer import Layer
from layers.tile import Box
from twin.errors import InvalidRequestError
from twin.text import Text

MAX_LIMIT: Final = 10_000
DEFAULT_LIMIT: Final = 100
MAX_IDS: Final = 1_000

_CODE: Final = re.compile(r"[0-9A-Za-z]{1,32}")

Interval = tuple[datetime | None, datetime | None]


def refuse_unknown(request: Request) -> None:
    """A dependency of every router: a parameter that the route does not know is an error, not noise."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute):
        check_names(request.query_params.keys(), {field.alias for field in route.dependant.query_params})


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
    moment: str | None = None, as_of: str | None = None,
) -> Filter:  # fmt: skip
    """The narrowing that a request asks for; times that name no zone are of `zone`.

    Raises InvalidRequestError.
    """
    return Filter(
        boxes=() if bbox is None else parse_bbox(bbox),
        block=None if block is None else parse_code(block),
        ids=None if ids is None else parse_ids(ids),
        interval=None if moment is None else parse_interval(moment, zone),
        as_of=None if as_of is None else parse_as_of(as_of, zone),
    )


def parse_bbox(text: str) -> tuple[Box, ...]:
    """`west,south,east,north` in degrees, or with heights in between; west > east crosses the antimeridian."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [numbers[i] for i in (0, 1, 3, 4)]
    if len(numbers) != 4 or not all(-1e9 < number < 1e9 for number in numbers):
        raise _wrong("bbox", "西,南,东,北(度)", "west,south,east,north in degrees")
    west, south, east, north = numbers
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise _wrong("bbox", "经度 ±180、纬度 ±90 之内,且南不大于北", "within ±180 and ±90, south not above north")
    return cut_box(west, south, east, north)


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
    """An instant, `start/end`, `start/..` or `../end` (RFC 3339; a date is the whole day in `zone`)."""
    parts = text.split("/")
    try:
        if len(parts) == 1:
            return _parse_moment(text, zone, is_end=False), _parse_moment(text, zone, is_end=True)
        if len(parts) == 2:
            start = None if parts[0] in ("", "..") else _parse_moment(parts[0], zone, is_end=False)
            end = None if parts[1] in ("", "..") else _parse_moment(parts[1], zone, is_end=True)
            if start is None or end is None or start <= end:
                return start, end
    except ValueError:
        pass
    raise _wrong("datetime", "RFC 3339 时刻或 起/止 区间", "an RFC 3339 instant or interval start/end")


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


def _wrong(name: str, zh: str, en: str) -> InvalidRequestError:
    return InvalidRequestError(Text(f"参数 {name} 应为{zh}。", f"The parameter {name} is {en}."), name)
