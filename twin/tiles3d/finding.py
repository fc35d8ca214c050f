# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a tileset, and where."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.text import Text


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. where: file, then the way to it; code: what it is, for machines."""

    where: str
    code: str
    what: Text


@dataclass
class TilesetReport:
    """What was looked at and what was found. unchecked: formats that are not looked into, and how often each."""

    documents: int = 0
    tiles: int = 0
    contents: int = 0
    bytes: int = 0
    triangles: int = 0
    features: int = 0
    largest_content: int = 0
    unchecked: dict[str, int] = field(default_factory=dict[str, int])
    findings: list[Finding] = field(default_factory=list[Finding])

    def add(self, where: str, code: str, zh: str, en: str) -> None:
        """Put down a finding."""
        self.findings.append(Finding(where, code, Text(zh, en)))
