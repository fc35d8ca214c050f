# SPDX-License-Identifier: Apache-2.0
"""Blocks of any scheme: vector files and layers with codes, and tables of codes and names."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.blocks.file import read_block_files
from ingest.blocks.load import check_blocks, load_blocks, read_valid
from ingest.blocks.names import tell_without_boundary
from ingest.blocks.parents import derive_parents
from ingest.blocks.scheme import choose_declaration
from ingest.progress import OnProgress, ignore_progress
from ingest.report import LoadReport
from ingest.source import Options, hash_file, refusals_reported
from twin.database import Connection, connect, transaction
from twin.errors import SetupError
from twin.settings import Settings
from twin.text import Text


@dataclass(frozen=True)
class BlockSource:
    """Blocks are a tree, not single features: they have a pipeline of their own."""

    title: Text = Text("块", "blocks")  # noqa: RUF009 (frozen)

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """The report of a load that does not happen; the blocks there are are looked at where there is a database."""
        report = new_report(path, options)
        with refusals_reported(report), _connection(settings) as connection:
            declaration = choose_declaration(connection, options.scheme, settings.metric_srid)
            scheme = declaration.as_scheme()
            rows = read_block_files([path, *options.further], options, declaration, report)
            known = read_valid(connection, scheme.scheme) if connection is not None else None
            codes = frozenset[str]() if known is None else frozenset(known["code"].astype(str))
            frame = rows.polygons
            if options.derives_parents:
                frame = derive_parents(frame, scheme, report, codes)
            if len(frame):
                check_blocks(frame, scheme, report, known)
            if len(rows.names):
                tell_without_boundary(codes | set(frame["code"].astype(str)), rows.names, scheme, report)
        return report

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Load the tree in one transaction."""
        report = new_report(path, options)
        on_progress(Text("检查并载入块", "checking and loading blocks"), 0.2)
        with refusals_reported(report), transaction(settings) as connection:
            declaration = choose_declaration(connection, options.scheme, settings.metric_srid)
            rows = read_block_files([path, *options.further], options, declaration, report)
            return load_blocks(
                connection, rows.polygons, declaration, report, actor=options.actor,
                names=rows.names if len(rows.names) else None, derives_parents=options.derives_parents,
            )  # fmt: skip


def new_report(path: Path, options: Options) -> LoadReport:
    """The empty report of a load of these files; their digest is of all of them."""
    hashes = [hash_file(file) for file in (path, *options.further)]
    digest = hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
    names = options.file_name or " + ".join(file.name for file in (path, *options.further))
    return LoadReport("blocks", options.source_id or path.stem, names, digest)


@contextmanager
def _connection(settings: Settings) -> Generator[Connection | None]:
    try:
        connection = connect(settings)
    except SetupError:
        yield None
        return
    with connection:
        yield connection


SOURCE = BlockSource()
