# SPDX-License-Identifier: Apache-2.0
"""Reads headers that list what a client accepts, each with a weight (RFC 9110, 12.4)."""

from __future__ import annotations


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether an Accept-Encoding header asks for gzip.

    >>> accepts_gzip("br, gzip"), accepts_gzip("gzip;q=0"), accepts_gzip("*"), accepts_gzip(None)
    (True, False, True, False)
    """
    weights = dict(split_weighted(accept_encoding or ""))
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def split_weighted(text: str) -> list[tuple[str, float]]:
    """The names of a list, in lower case, and their weights 0..1; one that is no number weighs nothing.

    >>> split_weighted("text/html, application/json;q=0.5")
    [('text/html', 1.0), ('application/json', 0.5)]
    """
    found: list[tuple[str, float]] = []
    for part in text.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = min(1.0, max(0.0, float(parameter[2:])))
                except ValueError:
                    weight = 0.0
        if name:
            found.append((name, weight))
    return found
