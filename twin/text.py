# SPDX-License-Identifier: Apache-2.0
"""What a person reads, in both languages at once, so that neither is forgotten."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["zh", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


@dataclass(frozen=True)
class Text:
    """One sentence in Chinese and English; `str()` gives the language of the process' locale."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        """The sentence in `language`."""
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return self.in_language(locale_language())

    def as_dict(self) -> dict[str, str]:
        """Both languages, for a client that switches without asking again."""
        return {"zh": self.zh, "en": self.en}


def locale_language() -> Language:
    """The language the process' locale asks for (`TWIN_LANGUAGE`, then LC_ALL, LC_MESSAGES, LANG)."""
    for name in ("TWIN_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def negotiate_language(accept_language: str | None) -> Language:
    """The better of our two languages for an Accept-Language header; Chinese where it names neither."""
    best: tuple[float, Language] | None = None
    for part in (accept_language or "").split(","):
        tag, _, quality = part.strip().partition(";q=")
        primary = tag.split("-")[0].lower()
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        for language in LANGUAGES:
            if primary == language and weight > 0 and (best is None or weight > best[0]):
                best = (weight, language)
    return best[1] if best else "zh"
