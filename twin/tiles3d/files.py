# SPDX-License-Identifier: Apache-2.0
"""The files of a tileset, wherever they are."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urljoin, urlsplit

import httpx

_GZIP: Final = b"\x1f\x8b"
_TIMEOUT_S: Final = 60.0
_ANYWHERE: Final = "http://here/"


class TilesetFiles(Protocol):
    """Where a tileset's files are read from; names are relative to the first document's folder."""

    @property
    def first(self) -> str:
        """The name of the document that everything begins with."""
        ...

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, unpacked; None where there is none."""
        ...


def resolve(base: str, uri: str) -> str:
    """The name that a relative uri in the document `base` stands for."""
    return uri if "://" in uri else urljoin(f"{_ANYWHERE}{base}", uri).removeprefix(_ANYWHERE)


class FolderFiles:
    """A folder, or a document in one. Nothing beside or above the folder is read."""

    def __init__(self, path: Path) -> None:
        self._root = (path if path.is_dir() else path.parent).resolve()
        self.first = "tileset.json" if path.is_dir() else path.name

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, unpacked; None where there is none."""
        file = (self._root / unquote(urlsplit(name).path).lstrip("/")).resolve()
        if "://" in name or not file.is_relative_to(self._root) or not file.is_file():
            return None
        return _unpack(file.read_bytes())


class HttpFiles:
    """A tileset behind a URL, to be closed. The URL's query goes with every request, and so do `headers`."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        place = urlsplit(url)
        folder, _, self.first = place.path.rpartition("/")
        self._base = f"{place.scheme}://{place.netloc}{folder}/"
        self._query = dict(httpx.QueryParams(place.query))
        self._client = httpx.Client(headers=dict(headers or {}), timeout=_TIMEOUT_S)

    def __enter__(self) -> HttpFiles:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, unpacked; None where there is none."""
        address = urljoin(self._base, name)
        if urlsplit(address).netloc != urlsplit(self._base).netloc:
            return None
        try:
            answer = self._client.get(address, params=self._query or None)
        except httpx.HTTPError:
            return None
        return _unpack(answer.content) if answer.is_success else None


def _unpack(data: bytes) -> bytes:
    """A file that was stored packed is what it holds."""
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError):
        return data
