# SPDX-License-Identifier: Apache-2.0
"""Which of the forms that a resource has a client gets: by `f=`, else by the Accept header (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import Request

from api.http.accept import split_weighted
from api.http.errors import ProtocolError
from twin.errors import InvalidRequestError
from twin.text import Text

HTML: Final = "text/html"


def choose_form(request: Request, offered: Mapping[str, str], asked: str | None) -> str:
    """The name of the form to answer with; `offered` are media types by name, the preferred one first.

    Raises InvalidRequestError for an `f` that names none of them, ProtocolError (406) where Accept fits none.
    """
    if asked is not None:
        if asked not in offered:
            listed = ", ".join(offered)
            raise InvalidRequestError(
                Text(f"参数 f 应为 {listed} 之一。", f"The parameter f is one of {listed}."), "f"
            )  # fmt: skip
        return asked
    accept = ",".join(request.headers.getlist("accept"))
    if not accept.strip():
        return next(iter(offered))
    ranges = _read_ranges(accept)
    weights = {name: _weigh(media_type, ranges) for name, media_type in offered.items()}
    best = max(weights, key=lambda name: weights[name])
    if weights[best] <= 0:
        listed = ", ".join(dict.fromkeys(offered.values()))
        raise ProtocolError(
            406,
            Text(
                f"没有客户端可接受的格式。可用:{listed};也可用参数 f 指定:{', '.join(offered)}。",
                f"There is no form of it that the client accepts. There are: {listed}; or ask by the parameter f: "
                f"{', '.join(offered)}.",
            ),
        )
    return best


def _read_ranges(accept: str) -> dict[str, float]:
    """Weights by media range; parameters other than q say too little here to be told apart."""
    ranges: dict[str, float] = {}
    for name, weight in split_weighted(accept):
        ranges[name] = max(weight, ranges.get(name, 0.0))
    return ranges


def _weigh(media_type: str, ranges: Mapping[str, float]) -> float:
    """The weight of a media type by the range that names it most exactly."""
    plain = media_type.partition(";")[0].strip().lower()
    for name in (plain, f"{plain.partition('/')[0]}/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0
