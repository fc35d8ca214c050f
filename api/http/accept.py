# SPDX-License-Identifier: Apache-2.0
"""Reads headers that list what a client accepts, each with a weight (RFC 9110, 12.4)."""

from __future__ import annotations

from collections.abc import Sequence


def choose_coding(accept_encoding: str | None, offered: Sequence[str]) -> str | None:
    """The content coding that an Accept-Encoding header likes best of those offered, the first of equals; None: none.

    >>> choose_coding("gzip, br", ("br", "gzip")), choose_coding("br;q=0.5, *", ("br", "gzip"))
    ('br', 'gzip')
    >>> choose_coding("gzip;q=0", ("gzip",)), choose_coding(None, ("gzip",))
    (None, None)
    """
    weights = dict(split_weighted(accept_encoding or ""))
    weigh = {coding: weights.get(coding, weights.get("*", 0.0)) for coding in offered}
    best = max(offered, key=lambda coding: weigh[coding])
    return best if weigh[best] > 0 else None


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
