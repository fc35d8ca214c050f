# SPDX-License-Identifier: Apache-2.0
"""The names that the parser knows: of the blocks, and of the roads and quarters that addresses use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, LiteralString

from twin.address.normalise import normalise
from twin.address.parts import BLOCK_PARTS

READ_BLOCKS: Final[LiteralString] = (
    "SELECT block.code, block.level, block.name FROM valid_block AS block JOIN block_scheme USING (scheme) "
    "WHERE is_governance AND access_class <= 1"
)
READ_NAMES: Final[LiteralString] = "SELECT kind, name FROM place_name"
"""What `Gazetteer.from_rows` wants; the second is the owner's to read."""

_ENDINGS: Final = ("街道", "社区", "镇", "乡", "村", "区", "县", "市")
_SHORTEST: Final = 2


@dataclass(frozen=True)
class NamedBlock:
    """A block as the parser knows it; `level` is 1 for the coarsest."""

    code: str
    level: int
    name: str


class Gazetteer:
    """Known names by part of the address. Names are as `normalise` writes them."""

    def __init__(self, blocks: Iterable[NamedBlock] = (), names: Iterable[tuple[str, str]] = ()) -> None:
        """`names` are pairs of kind (road, quarter, province, city, county) and name."""
        self._full: dict[str, set[str]] = {}
        self._short: dict[str, dict[str, str]] = {}
        self._blocks: dict[tuple[str, str], list[NamedBlock]] = {}
        self._by_code: dict[str, NamedBlock] = {}
        for block in blocks:
            part = BLOCK_PARTS[min(block.level, len(BLOCK_PARTS)) - 1]
            name = normalise(block.name)
            self._add(part, name)
            self._blocks.setdefault((part, name), []).append(block)
            self._by_code[block.code] = block
        for kind, name in names:
            self._add("residential_quarters" if kind == "quarter" else kind, normalise(name))
        self._longest = {part: max(map(len, names)) for part, names in self._full.items() if names}

    @classmethod
    def from_rows(cls, blocks: Iterable[tuple[str, int, str]], names: Iterable[tuple[str, str]]) -> Gazetteer:
        """From the rows of `READ_BLOCKS` and `READ_NAMES`."""
        return cls((NamedBlock(*row) for row in blocks), names)

    def _add(self, part: str, name: str) -> None:
        if len(name) < _SHORTEST:
            return
        self._full.setdefault(part, set()).add(name)
        ending = next((e for e in _ENDINGS if name.endswith(e)), None)
        if ending and part not in {"road", "residential_quarters", "grid"} and len(name) - len(ending) >= _SHORTEST:
            self._short.setdefault(part, {})[name[: -len(ending)]] = name

    def find(self, part: str, text: str, start: int) -> str | None:
        """The longest known name of a part that begins at `start`."""
        known = self._full.get(part)
        if not known:
            return None
        for length in range(min(self._longest[part], len(text) - start), _SHORTEST - 1, -1):
            if text[start : start + length] in known:
                return text[start : start + length]
        return None

    def find_short(self, part: str, text: str, start: int) -> tuple[str, str] | None:
        """A name that begins at `start` without its ending, and the full one: 新安, 新安街道."""
        known = self._short.get(part)
        if not known:
            return None
        for length in range(min(self._longest[part], len(text) - start), _SHORTEST - 1, -1):
            short = text[start : start + length]
            if short in known:
                return short, known[short]
        return None

    def is_known(self, part: str, name: str) -> bool:
        """Whether a name is known in full."""
        return name in self._full.get(part, ())

    def knows(self, part: str) -> bool:
        """Whether any name of the part is known, so that an unknown one says something."""
        return bool(self._full.get(part))

    @property
    def has_blocks(self) -> bool:
        """Whether there is a tree that an address can lie outside of."""
        return bool(self._by_code)

    def block(self, code: str) -> NamedBlock | None:
        """The block of a code."""
        return self._by_code.get(code)

    def find_blocks(self, part: str, name: str, within: str = "") -> list[NamedBlock]:
        """The blocks of that name at the part's level, below the block `within`."""
        return [block for block in self._blocks.get((part, name), ()) if block.code.startswith(within)]


EMPTY: Final = Gazetteer()
"""A parser that knows no names goes by endings alone."""
