# SPDX-License-Identifier: Apache-2.0
"""The log: one line an event, as JSON for machines or plain for a terminal, without what a log has no business with.

Messages name what happened, never with what values. What libraries write is not ours to choose, so every message is
looked through for tokens, query strings, passwords and coordinates, and of an exception only its kind and its place
are written: the text of a database error quotes the row that it is about.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import psycopg

from twin import tracing
from twin.settings import Settings

REQUEST_ID: Final[ContextVar[bytes | None]] = ContextVar("twin_request_id", default=None)
"""The request that is being answered; its id is in the answer too."""

_HIDDEN: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"twin_[A-Za-z0-9_-]{8,}"), "twin_…"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 …"),
    (re.compile(r"://[^/@\s]+@"), "://…@"),
    (re.compile(r"(?i)\b(token|password|secret|code|state)=[^\s&'\"]+"), r"\1=…"),
    (re.compile(r"\?[^\s'\"]*=[^\s'\"]*"), "?…"),
    (re.compile(r"-?\b\d{1,3}\.\d{4,}\b"), "…"),
)  # fmt: skip

_QUIET: Final = ("httpx", "httpcore", "urllib3", "asyncio", "multipart", "procrastinate.periodic")
"""Libraries whose chatter names addresses with their queries."""

_FRAMES: Final = 12


class _SafeFormatter(logging.Formatter):
    def describe(self, record: logging.LogRecord) -> dict[str, Any]:
        """The line's fields, safe to be written."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": hide_values(_write_message(record)),
        }
        request, trace = REQUEST_ID.get(), tracing.read_trace_id()
        if request is not None:
            line["request_id"] = request.decode()
        if trace is not None:
            line["trace_id"] = trace
        facts = getattr(record, "facts", None)
        if isinstance(facts, Mapping):
            line |= facts
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe_exception(record.exc_info[1])
        return line


class _JsonFormatter(_SafeFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(self.describe(record), default=str).decode()


class _PlainFormatter(_SafeFormatter):
    def format(self, record: logging.LogRecord) -> str:
        line = self.describe(record)
        head = f"{line.pop('time')[11:19]} {line.pop('level'):7} {line.pop('logger')} {line.pop('message')}"
        error = line.pop("error", None)
        rest = " ".join(f"{name}={value}" for name, value in line.items())
        trail = "" if error is None else "\n  " + "\n  ".join([error["kind"], *error["at"]])
        return f"{head} {rest}".rstrip() + trail


def set_up_logs(settings: Settings) -> None:
    """Send every logger of this process to standard error, in the form of the settings."""
    is_plain = settings.log_format == "plain" or (settings.log_format == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_PlainFormatter() if is_plain else _JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
    # At each start and end it says so twice, and its refusals quote what was sent.
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)


def hide_values(text: str) -> str:
    """The text without tokens, passwords, query strings and coordinates.

    >>> hide_values("GET /wall?token=twin_abcdefghij of postgresql://me:secret@host")
    'GET /wall?token=… of postgresql://…@host'
    """
    for pattern, instead in _HIDDEN:
        text = pattern.sub(instead, text)
    return text


def describe_exception(error: BaseException) -> dict[str, Any]:
    """Its kind, what it came of, and where: no message, since that may quote what was sent."""
    kinds: list[str] = []
    one: BaseException | None = error
    while one is not None and len(kinds) < 5:
        kinds.append(name_error(one))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return {
        "kind": " ← ".join(kinds),
        "at": [f"{'/'.join(Path(f.filename).parts[-3:])}:{f.lineno} {f.name}" for f in frames],
    }  # fmt: skip


def name_error(error: BaseException) -> str:
    """The kind of an error, with the codes that say more of it and none of its values."""
    name = type(error).__name__
    if isinstance(error, psycopg.Error):
        said = (error.sqlstate, error.diag.table_name, error.diag.constraint_name)
        return " ".join([name, *(part for part in said if part)])
    if isinstance(error, OSError) and error.strerror:
        return f"{name} {error.strerror}"
    return name


def _write_message(record: logging.LogRecord) -> str:
    if record.name.startswith("procrastinate"):
        # Its sentences quote the arguments of jobs.
        job: dict[str, Any] = getattr(record, "job", None) or {}
        words = (getattr(record, "action", None), job.get("task_name"), job.get("id"))
        said = " ".join(str(word) for word in words if word is not None)
        return said or str(record.msg).partition("(")[0]
    if not record.args:
        return str(record.msg)
    given: Any = record.args
    if isinstance(given, Mapping):
        return str(record.msg) % {name: _name_value(value) for name, value in given.items()}
    return str(record.msg) % tuple(_name_value(value) for value in given)


def _name_value(value: object) -> object:
    return name_error(value) if isinstance(value, BaseException) else value
