# SPDX-License-Identifier: Apache-2.0
"""Writes a workbook of one sheet row by row: inline texts, so that nothing has to be kept until the end."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

MAX_ROWS: Final = 1_048_576
"""The most rows of a sheet, its headings among them."""

_CELL_LETTERS: Final = 32_767
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class SheetWriter:
    """A workbook that grows; `identifier` and `said` are the document's own properties."""

    def __init__(self, path: Path, title: str, headings: Sequence[str], *, identifier: str, said: str) -> None:
        self._book = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self._sheet = self._book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        self._title, self._identifier, self._said = title, identifier, said
        self._letters = [_column_letters(at) for at in range(len(headings))]
        self._row = 0
        with self._given_up_on_error():
            self._sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            self.write([headings])

    def write(self, table: Sequence[Sequence[Any]]) -> None:
        """Add rows of numbers, booleans, texts and None."""
        parts: list[str] = []
        for cells in table:
            self._row += 1
            parts.append(f'<row r="{self._row}">')
            parts.extend(
                _xml_cell(f"{letters}{self._row}", value)
                for letters, value in zip(self._letters, cells, strict=True)
                if value is not None
            )
            parts.append("</row>")
        with self._given_up_on_error():
            self._sheet.write("".join(parts).encode())

    def close(self) -> None:
        """Finish the file."""
        with self._given_up_on_error():
            self._sheet.write(b"</sheetData></worksheet>")
            self._sheet.close()
            self._write_rest()
            self._book.close()

    @contextmanager
    def _given_up_on_error(self) -> Generator[None]:
        """What found no room is closed as far as it is, so that its place is free at once and not some time later."""
        try:
            yield
        except BaseException:
            for part in (self._sheet, self._book):
                with suppress(Exception):
                    part.close()
            raise

    def _write_rest(self) -> None:
        title = re.sub(r"[\\/?*\[\]:']", " ", self._title)[:31] or "1"
        for name, text in (
            ("[Content_Types].xml", _TYPES_XML),
            ("_rels/.rels", _RELATIONS_XML),
            ("xl/_rels/workbook.xml.rels", _BOOK_RELATIONS_XML),
            ("xl/workbook.xml", _BOOK_XML.format(title=_xml(title))),
            ("docProps/core.xml", _CORE_XML.format(id=_xml(self._identifier), said=_xml(self._said))),
        ):
            self._book.writestr(name, _XML + text)


def _column_letters(at: int) -> str:
    """The name of a sheet's column, counted from 0.

    >>> [_column_letters(at) for at in (0, 25, 26, 701, 702)]
    ['A', 'Z', 'AA', 'ZZ', 'AAA']
    """
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("", text), {'"': "&quot;"})


def _xml_cell(place: str, value: object) -> str:
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float) and value == value and abs(value) != float("inf"):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = str(value)
    if len(text) > _CELL_LETTERS:
        # A cell holds no more, and a program refuses the whole file over it.
        text = f"{text[: _CELL_LETTERS - 1]}…"
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{_xml(text)}</t></is></c>'


_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES_XML: Final = (
    f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/>'
    '<Override PartName="/docProps/core.xml" '
    'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
)
_RELATIONS_XML: Final = (
    f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
    "</Relationships>"
)
_BOOK_RELATIONS_XML: Final = (
    f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
)
_BOOK_XML: Final = (
    f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="{title}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_CORE_XML: Final = (
    f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description>{said}</dc:description>'
    "<dc:identifier>{id}</dc:identifier></cp:coreProperties>"
)
