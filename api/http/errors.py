# SPDX-License-Identifier: Apache-2.0
"""What a client is told when something goes wrong: one table of statuses, RFC 9457 bodies, zh and en."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

import orjson
import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope, Send

from api.http.refusals import describe_validation
from api.http.response import find_header, send_bytes
from twin.disk import FULL, is_full
from twin.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    RefusedError,
    SetupError,
    StorageFullError,
    TwinError,
)
from twin.text import Language, Text, negotiate_language

log = logging.getLogger("twin.api")


class UnknownTokenError(TwinError):
    """A token that does not exist, was revoked or has ended."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                "令牌无效、已撤销或已过期,请重新登录。",
                "The token is unknown, revoked or expired. Sign in again.",
            )
        )


class TooManyRequestsError(TwinError):
    """Somebody asks more often than he may; `wait_s` is how long he should wait (seconds)."""

    def __init__(self, text: Text, wait_s: float) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class ProtocolError(TwinError):
    """A request that breaks its protocol; `status` is what that protocol answers."""

    def __init__(self, status: int, text: Text) -> None:
        super().__init__(text)
        self.status = status


STATUS: Final[tuple[tuple[type[Exception], int], ...]] = (
    (NotFoundError, 404),
    (InvalidRequestError, 400),
    (UnknownTokenError, 401),
    (AccessDeniedError, 403),
    (ConflictError, 409),
    (RefusedError, 422),
    (TooManyRequestsError, 429),
    (SetupError, 503),
    (StorageFullError, 507),
    (psycopg.errors.QueryCanceled, 503),
    (psycopg.errors.OperationalError, 503),
    (PoolTimeout, 503),
)
"""The first class that fits says the status; everything else is 500."""

_UNSTORABLE: Final = (
    psycopg.errors.NumericValueOutOfRange,
    psycopg.errors.DatetimeFieldOverflow,
    psycopg.errors.UntranslatableCharacter,
    psycopg.errors.CharacterNotInRepertoire,
)
"""What the database says of a value that none of its types can hold: it came with the request."""

_NOT_STORED: Final = Text(
    "请求中有无法保存的值:数值过大、日期超出范围,或文本含 NUL 字符。",
    "A value of the request cannot be stored: too large a number, a date out of range, or a text with a NUL character.",
)

_BUSY: Final = Text(
    "服务繁忙或数据库暂不可用,请稍后再试。", "The service is busy or its database is away. Try again soon."
)
_BROKEN: Final = Text("服务器内部错误,已记录。", "Something broke on the server; it has been logged.")

_TITLES: Final = {
    400: Text("请求有误", "Bad request"),
    401: Text("需要登录", "Sign-in needed"),
    403: Text("无权访问", "Not allowed"),
    404: Text("未找到", "Not found"),
    405: Text("方法不允许", "Method not allowed"),
    409: Text("冲突", "Conflict"),
    422: Text("数据被拒绝", "Refused"),
    429: Text("请求过多", "Too many requests"),
    500: Text("服务器错误", "Server error"),
    503: Text("暂不可用", "Unavailable"),
    507: Text("存储空间不足", "Insufficient storage"),
}

_HEADERS: Final = {401: {"WWW-Authenticate": 'Bearer realm="blocktwin"'}, 503: {"Retry-After": "2"}}


@dataclass(frozen=True)
class ProblemAnswer:
    """An error as HTTP says it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def as_response(self) -> Response:
        """For the framework's routes."""
        return Response(self.body, self.status, dict(self.headers))


def describe_error(error: Exception, language: Language) -> ProblemAnswer:
    """Status, headers and body for any exception. What nobody foresaw is logged and not shown."""
    if isinstance(error, ProtocolError):
        return _answer(error.status, error.text, language)
    if not isinstance(error, TwinError) and is_full(error):
        log.error("a disk is full: %s", error)
        error = StorageFullError(FULL)
    # A NUL in a text is found by the driver itself, which has no class of its own for it.
    if type(error) is psycopg.DataError or isinstance(error, _UNSTORABLE):
        log.warning("a request has a value that cannot be stored: %s", type(error).__name__)
        error = InvalidRequestError(_NOT_STORED)
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    if not isinstance(error, TwinError):
        if status == 500:
            log.error("a request failed", exc_info=error)
        else:
            log.warning("a request could not be served: %s", error)
        return _answer(status, _BROKEN if status == 500 else _BUSY, language)
    extra: dict[str, Any] = {}
    if isinstance(error, InvalidRequestError) and error.parameter:
        extra["parameter"] = error.parameter
    if isinstance(error, RefusedError):
        extra["problems"] = [problem.as_dict() for problem in error.problems]
    answer = _answer(status, error.text, language, extra)
    if isinstance(error, TooManyRequestsError):
        return replace(answer, headers={**answer.headers, "Retry-After": str(max(1, math.ceil(error.wait_s)))})
    return answer


async def send_error(scope: Scope, send: Send, error: Exception) -> None:
    """Answer an exception of a bare route; nothing may have been sent yet."""
    answer = describe_error(error, negotiate_language(find_header(scope, b"accept-language")))
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send_bytes(send, answer.status, headers, answer.body)


def register_errors(app: FastAPI) -> None:
    """Answer every exception of the framework's routes as RFC 9457."""

    async def explain(request: Request, error: Exception) -> Response:
        language = negotiate_language(request.headers.get("accept-language"))
        if isinstance(error, RequestValidationError):
            error = describe_validation(error)
        if isinstance(error, HTTPException):
            answer = _answer(error.status_code, _TITLES.get(error.status_code, _phrase(error.status_code)), language)
            return Response(answer.body, answer.status, {**answer.headers, **(error.headers or {})})
        return describe_error(error, language).as_response()

    for kind in (TwinError, HTTPException, RequestValidationError, psycopg.Error, PoolTimeout, Exception):
        app.add_exception_handler(kind, explain)


def _answer(status: int, text: Text, language: Language, extra: Mapping[str, Any] | None = None) -> ProblemAnswer:
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, _phrase(status)).in_language(language),
        "status": status,
        "detail": text.in_language(language),
        **(extra or {}),
    }
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Language": language,
        "Cache-Control": "no-store",
        "Vary": "Accept-Language, Authorization, Cookie",
        **_HEADERS.get(status, {}),
    }
    return ProblemAnswer(status, headers, orjson.dumps(body))


def _phrase(status: int) -> Text:
    phrase = HTTPStatus(status).phrase
    return Text(phrase, phrase)
