# SPDX-License-Identifier: Apache-2.0
"""BeiDou grid code, GB/T 39409-2020, two-dimensional: a cell of the Earth from its code, and the reverse.

Ten levels, from 6° x 4° to 1/2048 second. The first fragment is the hemisphere, a column of 6° counted from
180° W and a letter for rows of 4° from the equator; each further one is the place within the cell above. Within
a cell, columns are counted away from the prime meridian and rows away from the equator, so that a code means
mirrored cells in the other hemispheres. The polar caps beyond 88° have a division of their own, which is not here.

All of it is integers, in units of 1/2048 second: a cell's corner encodes to that cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final, Literal, LiteralString, cast

from twin.errors import InvalidRequestError
from twin.text import Text

Fragment = Literal["pair", "digit"]

UNITS_PER_DEGREE: Final = 3600 * 2048

_ROWS: Final[LiteralString] = "ABCDEFGHIJKLMNOPQRSTUV"
_HEX: Final = "0123456789ABCDEF"
_FIRST: Final = (6 * UNITS_PER_DEGREE, 4 * UNITS_PER_DEGREE)

_DIVISIONS: Final[tuple[tuple[int, int, Fragment], ...]] = (
    (12, 8, "pair"), (2, 3, "digit"), (15, 10, "pair"), (15, 15, "pair"), (2, 2, "digit"), (8, 8, "pair"),
    (8, 8, "pair"), (8, 8, "pair"), (8, 8, "pair"),
)  # fmt: skip
"""Columns and rows that levels 2 to 10 divide the cell above into, and how their place is written."""

LEVEL_WIDTHS: Final = (4, 6, 7, 9, 11, 12, 14, 16, 18, 20)
"""The characters of a code of each level."""

POLE: Final = 88.0
"""The latitude (degrees) at which the polar caps begin."""

# A coordinate this near to a line is on it: the corner of a cell is not always a floating-point number.
_TOLERANCE: Final = 1e-5


@dataclass(frozen=True)
class Cell:
    """A cell: its code and level, and its box in degrees."""

    code: str
    level: int
    west: float
    south: float
    east: float
    north: float


def encode(lon: float, lat: float, level: int = 10) -> str:
    """The code of the cell of `level` (1 to 10) that holds a point, in degrees.

    A point on a line belongs to the cell further from the prime meridian and from the equator.
    Raises InvalidRequestError for a level that there is not, a longitude or latitude beyond the Earth, and the
    polar caps.

    >>> encode(116 + 18 / 60 + 45.37 / 3600, 39 + 59 / 60 + 35.38 / 3600)
    'N50J47539B8255346152'
    """
    if not 1 <= level <= len(LEVEL_WIDTHS):
        raise _wrong(f"没有第 {level} 级,只有 1 至 10", f"there is no level {level}, only 1 to 10")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise _wrong(f"({lon}, {lat}) 不是经纬度", f"({lon}, {lat}) is no longitude and latitude")
    if abs(lat) >= POLE:
        raise _wrong("纬度 88 度以上的极区另有规定,不在此列", "the polar caps beyond 88 degrees are not covered")
    is_west, is_south = lon < 0, lat < 0
    # The antimeridian is the outer line of the last cell on either side.
    x = min(_units(lon), 180 * UNITS_PER_DEGREE - 1)
    y = min(_units(lat), int(POLE) * UNITS_PER_DEGREE - 1)
    width, height = _FIRST
    column, row = x // width, y // height
    code = f"{'S' if is_south else 'N'}{30 - column if is_west else 31 + column:02d}{_ROWS[row]}"
    for columns, rows, kind in _DIVISIONS[: level - 1]:
        x, y = x % width, y % height
        width, height = width // columns, height // rows
        column, row = x // width, y // height
        code += _HEX[column] + _HEX[row] if kind == "pair" else str(2 * row + column)
    return code


def decode(code: str) -> Cell:
    """The cell of a code, in upper or lower case. Raises InvalidRequestError for what is no code."""
    code = code.upper()
    if len(code) not in LEVEL_WIDTHS:
        raise _wrong(
            f"“{code}”有 {len(code)} 位,北斗网格码应为 {LEVEL_WIDTHS} 位",
            f"'{code}' has {len(code)} characters; a BeiDou grid code has {LEVEL_WIDTHS}",
        )
    level = LEVEL_WIDTHS.index(len(code)) + 1
    number = int(code[1:3]) if code[1:3].isdecimal() and code[1:3].isascii() else 0
    if code[0] not in "NS" or not 1 <= number <= 60 or code[3] not in _ROWS:
        raise _wrong(
            f"“{code}”的第一级应为 N 或 S、01 至 60、A 至 V",
            f"the first level of '{code}' should be N or S, 01 to 60, A to V",
        )
    is_west, is_south = number <= 30, code[0] == "S"
    width, height = _FIRST
    x = (30 - number if is_west else number - 31) * width
    y = _ROWS.index(code[3]) * height
    for below, (columns, rows, kind) in enumerate(_DIVISIONS[: level - 1], start=1):
        fragment = code[LEVEL_WIDTHS[below - 1] : LEVEL_WIDTHS[below]]
        place = [_HEX.find(character) for character in fragment]
        column, row = place if kind == "pair" else (place[0] % 2, place[0] // 2)
        if min(place) < 0 or column >= columns or row >= rows:
            raise _wrong(
                f"“{code}”的第 {below + 1} 级“{fragment}”超出 {columns} 列 {rows} 行",
                f"'{fragment}', level {below + 1} of '{code}', is not within {columns} columns and {rows} rows",
            )
        width, height = width // columns, height // rows
        x, y = x + column * width, y + row * height
    west, east = (-(x + width), -x) if is_west else (x, x + width)
    south, north = (-(y + height), -y) if is_south else (y, y + height)
    return Cell(code, level, *(side / UNITS_PER_DEGREE for side in (west, south, east, north)))


def find_parents(code: str) -> list[str]:
    """The codes of the cells that hold this one, coarsest first. Raises InvalidRequestError."""
    cell = decode(code)
    return [cell.code[:width] for width in LEVEL_WIDTHS[: cell.level - 1]]


def list_children(code: str) -> list[str]:
    """The codes of the cells one level below, in order; none below level 10. Raises InvalidRequestError."""
    cell = decode(code)
    if cell.level == len(LEVEL_WIDTHS):
        return []
    columns, rows, kind = _DIVISIONS[cell.level - 1]
    places = product(range(columns), range(rows))
    return sorted(
        cell.code + (_HEX[column] + _HEX[row] if kind == "pair" else str(2 * row + column)) for column, row in places
    )


def cell_size(level: int) -> tuple[int, int]:
    """The width and height of the cells of a level (1 to 10), in units of 1/2048 second.

    >>> [side / UNITS_PER_DEGREE for side in cell_size(2)]
    [0.5, 0.5]
    """
    width, height = _FIRST
    for columns, rows, _ in _DIVISIONS[: level - 1]:
        width, height = width // columns, height // rows
    return width, height


def write_code_sql(level: int, column: LiteralString, row: LiteralString) -> LiteralString:
    """SQL for the code of a cell of a level, of these expressions: its column and row counted from the prime meridian
    and the equator (bigint), and the booleans `is_west` and `is_south`."""
    size = cell_size(level)

    def count_in(above: int) -> tuple[LiteralString, LiteralString]:
        across, up = (whole // part for whole, part in zip(cell_size(above), size, strict=True))
        return f"({column}) / {_plain(across)}", f"({row}) / {_plain(up)}"

    first, letter = count_in(1)
    parts: list[LiteralString] = [
        "CASE WHEN is_south THEN 'S' ELSE 'N' END",
        f"to_char(CASE WHEN is_west THEN 30 - {first} ELSE 31 + {first} END, 'FM00')",
        f"substr('{_ROWS}', ({letter})::int + 1, 1)",
    ]
    for above, (columns, rows, kind) in enumerate(_DIVISIONS[: level - 1], start=2):
        across, up = count_in(above)
        # mod(), since a percent sign would be taken for a bound value.
        x, y = f"mod({across}, {_plain(columns)})", f"mod({up}, {_plain(rows)})"
        pair = f"upper(to_hex({x})) || upper(to_hex({y}))"
        parts.append(pair if kind == "pair" else f"(2 * {y} + {x})::text")
    return " || ".join(f"({part})" for part in parts)


def _plain(number: int) -> LiteralString:
    return cast("LiteralString", str(number))


def _units(degrees: float) -> int:
    return int(abs(degrees) * UNITS_PER_DEGREE + _TOLERANCE)


def _wrong(zh: str, en: str) -> InvalidRequestError:
    return InvalidRequestError(Text(f"北斗网格码:{zh}。", f"BeiDou grid code: {en}."), "code")
