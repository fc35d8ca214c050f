# SPDX-License-Identifier: Apache-2.0
"""What a page of records is asked for with."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import orjson
from fastapi import Depends, Query

from api.catalogue.record_layer import RECORDS, SORTABLE
from api.catalogue.selecting import BY_ID, RecordFilter, SortKey
from api.features.filtering import FilterQuery, read_expression, read_filter_query
from api.http.offered_crs import CRS84, DEFAULT_CRS, parse_box
from api.http.parameters import DEFAULT_LIMIT, MAX_IDS, MAX_LIMIT, parse_interval
from api.services import Services
from twin.access import Actor
from twin.errors import InvalidRequestError
from twin.text import Text

_MOST_KEYS: Final = 4
_LONGEST: Final = 1_000
"""Letters of the text that is searched for."""


@dataclass(frozen=True, kw_only=True)
class RecordQuery:
    """The parameters, still as text."""

    q: str | None
    bbox: str | None
    datetime: str | None
    type: str | None
    ids: str | None
    external_ids: str | None
    sortby: str | None
    limit: int | None
    cursor: str | None
    form: str | None
    crs: str | None
    bbox_crs: str | None
    filter: FilterQuery


async def read_query(
    filter: Annotated[FilterQuery, Depends(read_filter_query)],
    q: Annotated[str | None, Query(description="words: any of those with commas between, in Chinese or pinyin")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees")] = None,
    datetime: Annotated[str | None, Query(description="an RFC 3339 instant or interval, open with `..`")] = None,
    type: Annotated[str | None, Query(description="dataset, layer, model, tileset, with commas")] = None,
    ids: Annotated[str | None, Query(description="ids of records with commas")] = None,
    external_ids: Annotated[
        str | None, Query(alias="externalIds", description="value, scheme:value or scheme:, with commas")
    ] = None,
    sortby: Annotated[str | None, Query(description="sortables with commas, -name for descending")] = None,
    limit: Annotated[int | None, Query(ge=1, description="the most records of the page")] = None,
    cursor: Annotated[str | None, Query(description="from a next link")] = None,
    f: Annotated[str | None, Query(description="the form, instead of the Accept header")] = None,
    crs: Annotated[str | None, Query(description="the URI of the CRS of the answer: CRS84")] = None,
    bbox_crs: Annotated[str | None, Query(alias="bbox-crs", description="the URI of the CRS of bbox: CRS84")] = None,
) -> RecordQuery:  # fmt: skip
    """A dependency."""
    return RecordQuery(
        q=q, bbox=bbox, datetime=datetime, type=type, ids=ids, external_ids=external_ids, sortby=sortby, limit=limit,
        cursor=cursor, form=f, crs=crs, bbox_crs=bbox_crs, filter=filter,
    )  # fmt: skip


def parse_query(services: Services, actor: Actor, query: RecordQuery) -> RecordFilter:
    """What the parameters narrow to. Raises InvalidRequestError."""
    if query.q is not None and (len(query.q) > _LONGEST or "\0" in query.q):
        raise _wrong("q", f"不超过 {_LONGEST} 个字的文本", f"a text of at most {_LONGEST} characters")
    for name, crs in (("crs", query.crs), ("bbox-crs", query.bbox_crs)):
        # Clients that read features in many CRSs (GDAL) name the one there is.
        if crs not in (None, CRS84):
            raise _wrong(name, f" {CRS84}", CRS84)
    return RecordFilter(
        terms=tuple(part.strip() for part in (query.q or "").split(",") if part.strip()),
        boxes=() if query.bbox is None else parse_box(query.bbox, DEFAULT_CRS)[0],
        interval=None if query.datetime is None else parse_interval(query.datetime, services.zone),
        types=_split("type", query.type),
        ids=_split("ids", query.ids),
        external_ids=_split("externalIds", query.external_ids),
        expression=read_expression(services, actor, RECORDS, query.filter),
    )


def parse_sort(text: str | None) -> tuple[SortKey, ...]:
    """The order that `sortby` asks for; the id always comes last, so that no two records are equal."""
    if text is None:
        return BY_ID
    keys: list[SortKey] = []
    for part in text.split(","):
        # A plus sign arrives as a space where a client did not escape it.
        name = part.strip().lstrip("+-")
        if name not in SORTABLE or len(keys) == _MOST_KEYS:
            listed = ", ".join(SORTABLE)
            raise _wrong("sortby", f" {listed} 中至多 {_MOST_KEYS} 个", f"at most {_MOST_KEYS} of {listed}")
        keys.append(SortKey(name, part.strip().startswith("-")))
    return (*keys, *BY_ID) if all(key.name != "id" for key in keys) else tuple(keys)


def limit_of(query: RecordQuery) -> int:
    """The most records of the page."""
    return min(query.limit or DEFAULT_LIMIT, MAX_LIMIT)


def encode_cursor(sort: Sequence[SortKey], keys: Sequence[str | None]) -> str:
    """A place in a sorted list as a client carries it."""
    told = orjson.dumps([[f"{'-' if key.is_descending else ''}{key.name}" for key in sort], keys])
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def decode_cursor(text: str | None, sort: Sequence[SortKey]) -> list[str | None] | None:
    """The keys that `encode_cursor` wrote for the same order. Raises InvalidRequestError."""
    if text is None:
        return None
    try:
        told: object = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        told = None
    wanted = [f"{'-' if key.is_descending else ''}{key.name}" for key in sort]
    match told:
        case [list() as names, list() as keys] if (
            names == wanted
            and len(keys) == len(sort)
            and all(  # pyright: ignore[reportUnknownVariableType]
                key is None or (isinstance(key, str) and _is_key(part, key))
                for part, key in zip(sort, keys, strict=True)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            )
        ):
            return list(keys)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            raise _wrong("cursor", "上一页给出的游标", "the cursor that the last page gave")


def _is_key(part: SortKey, text: str) -> bool:
    """Whether a key is one that the database would take for the column's type."""
    kind = SORTABLE[part.name]
    if kind == "text":
        return "\0" not in text
    if kind == "timestamptz":
        return len(text) < 40 and text[:1].isdigit() and set(text) <= set("0123456789-+:. ")
    try:
        return len(text) < 32 and (float(text) if kind == "float8" else int(text)) < 1 << 62
    except ValueError:
        return False


def _split(name: str, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    if not parts or len(parts) > MAX_IDS or "\0" in text:
        raise _wrong(name, f"以逗号分隔的值,最多 {MAX_IDS} 个", f"values with commas, at most {MAX_IDS}")
    return parts


def _wrong(name: str, zh: str, en: str) -> InvalidRequestError:
    return InvalidRequestError(Text(f"参数 {name} 应为{zh}。", f"The parameter {name} is {en}."), name)
