# SPDX-License-Identifier: Apache-2.0
"""Assets (tilesets, later meshes and photos): folders under the hash of what is in them.

Written aside and moved in whole, so that a reader never meets half a folder; a second identical
folder is the same asset.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from twin.settings import Settings


def asset_path(settings: Settings, asset: str) -> Path:
    """The folder of an asset by its hash."""
    return settings.assets_dir / asset[:2] / asset


@contextmanager
def new_asset(settings: Settings) -> Generator[Path]:
    """A folder to write into; what is not stored by the end goes with it."""
    settings.assets_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=settings.assets_dir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def store_asset(settings: Settings, folder: Path) -> str:
    """Move a finished folder of `new_asset` to its place and give its hash."""
    asset = hash_folder(folder)
    place = asset_path(settings, asset)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        folder.rename(place)
    return asset


def hash_folder(folder: Path) -> str:
    """SHA-256 over the relative names and contents of a folder's files, in name order."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
