# SPDX-License-Identifier: Apache-2.0
"""What STAC items are searched with."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final, Self

import orjson
import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.catalogue.stac_items import ItemFilter
from api.http.offered_crs import DEFAULT_CRS, parse_box
from api.http.parameters import MAX_IDS, parse_interval
from api.services import Services
from twin.errors import InvalidRequestError
from twin.text import Text

LIMIT: Final = 10
"""Items of a page where nothing is asked, as the standard has it."""
_MOST_POINTS: Final = 10_000


class SearchBody(BaseModel):
    """The parameters of a search."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(default=LIMIT, ge=1)
    bbox: list[float] | None = None
    datetime: str | None = None
    intersects: dict[str, Any] | None = None
    ids: list[str] | None = Field(default=None, max_length=MAX_IDS)
    collections: list[str] | None = Field(default=None, max_length=MAX_IDS)
    token: str | None = None

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> Self:
        """What was sent as JSON. Raises InvalidRequestError."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in wrong["loc"])
            raise _wrong(name or "body", "符合 STAC API 的检索条件", "as the STAC API has it") from error

    @classmethod
    def from_text(cls, *, intersects: str | None, ids: str | None, collections: str | None, **plain: Any) -> Self:
        """What was sent as query parameters. Raises InvalidRequestError."""
        shape: object = None
        if intersects is not None:
            try:
                shape = orjson.loads(intersects)
            except orjson.JSONDecodeError as error:
                raise _wrong("intersects", "GeoJSON 几何", "a GeoJSON geometry") from error
        listed = {"ids": ids, "collections": collections}
        return cls.from_body(
            plain | {"intersects": shape} | {name: text and text.split(",") for name, text in listed.items()}
        )  # fmt: skip


def make_filter(services: Services, asked: SearchBody, bbox: str | None) -> ItemFilter:
    """What a search narrows to. Raises InvalidRequestError."""
    if bbox is not None and asked.intersects is not None:
        raise _wrong("intersects", "与 bbox 二者之一", "given instead of bbox, not beside it")
    for name, listed in (("ids", asked.ids), ("collections", asked.collections)):
        if any("\0" in one for one in listed or ()):
            raise _wrong(name, "不含空字符的文本", "a text without null characters")
    return ItemFilter(
        collections=None if asked.collections is None else tuple(asked.collections),
        ids=None if asked.ids is None else tuple(asked.ids),
        boxes=() if bbox is None else parse_box(bbox, DEFAULT_CRS)[0],
        geometry=None if asked.intersects is None else _check_shape(asked.intersects),
        interval=None if asked.datetime is None else parse_interval(asked.datetime, services.zone),
    )


def next_token(place: tuple[str, str]) -> str:
    """A place in the list as a client carries it."""
    return base64.urlsafe_b64encode("\n".join(place).encode()).decode().rstrip("=")


def read_token(token: str | None) -> tuple[str, str] | None:
    """The place that `next_token` wrote. Raises InvalidRequestError."""
    if token is None:
        return None
    try:
        parts = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode().split("\n")
    except (binascii.Error, ValueError):
        parts = []
    if len(parts) != 2 or "\0" in "".join(parts):
        raise _wrong("token", "上一页给出的令牌", "the token that the last page gave")
    return parts[0], parts[1]


def _check_shape(described: dict[str, Any]) -> str:
    """A GeoJSON geometry in degrees as a text that PostGIS takes. Raises InvalidRequestError."""
    try:
        shape = shapely.from_geojson(orjson.dumps(described))
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        raise _wrong("intersects", "GeoJSON 几何", "a GeoJSON geometry") from error
    west, south, east, north = (float(side) for side in shape.bounds) if not shape.is_empty else (1.0, 0.0, 0.0, 0.0)
    is_placed = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    if not is_placed or not shape.is_valid or shapely.get_num_coordinates(shape) > _MOST_POINTS:
        raise _wrong("intersects", f"经纬度范围内、至多 {_MOST_POINTS} 点的有效 GeoJSON 几何",
                     f"a valid GeoJSON geometry in degrees, of at most {_MOST_POINTS} positions")  # fmt: skip
    return shapely.to_geojson(shapely.force_2d(shape))


def _wrong(name: str, zh: str, en: str) -> InvalidRequestError:
    return InvalidRequestError(Text(f"参数 {name} 应为{zh}。", f"The parameter {name} is {en}."), name)
