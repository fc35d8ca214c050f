# SPDX-License-Identifier: Apache-2.0
"""Traces (OpenTelemetry, sent by OTLP/HTTP): requests, the transactions within them, and the jobs that they enqueue.

Off unless asked for, and then nothing of OpenTelemetry is even imported. The exporter and the sampler are set by the
`OTEL_*` variables of its specification. A span has names and numbers: no address with its query, no value.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal, LiteralString

from twin.settings import Settings

Kind = Literal["server", "consumer", "client", "internal"]

TRACEPARENT: Final = "traceparent"
"""The W3C header; in upper case the environment variable that a child process takes it from."""

HAND_ON: LiteralString = "SELECT set_config('twin.traceparent', coalesce(%s, ''), true)"
"""Binds `write_traceparent()`: the jobs that this transaction enqueues go on with its trace."""

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_provider: Any = None
_tracer: Any = None
"""OpenTelemetry's own are one a process too; None: off."""


def start_tracing(settings: Settings, service: str) -> None:
    """Begin to send traces as `service`, where the settings or the environment ask for it."""
    global _provider, _tracer
    if not (settings.tracing or any(os.environ.get(name) for name in _ENDPOINTS)):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", service)
    _provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("blocktwin")


def stop_tracing() -> None:
    """Send what has not been sent."""
    global _provider, _tracer
    if _provider is not None:
        _provider.shutdown()
        _provider = _tracer = None


def is_tracing() -> bool:
    """Whether traces are sent."""
    return _tracer is not None


@contextmanager
def open_span(
    name: str,
    kind: Kind = "internal",
    *,
    parent: str | None = None,
    facts: Mapping[str, str | int | float] | None = None,
) -> Generator[Any]:
    """A span around the block, below `parent` (a traceparent) or else the one that is open; None where off."""
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    above = None if parent is None else TraceContextTextMapPropagator().extract({TRACEPARENT: parent})
    with _tracer.start_as_current_span(
        name, context=above, kind=SpanKind[kind.upper()], attributes=dict(facts or {}),
        # The text of an exception quotes values.
        record_exception=False, set_status_on_exception=False,
    ) as span:  # fmt: skip
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise


def write_traceparent() -> str | None:
    """The open span as W3C's header has it, for whoever goes on with the trace; None where off."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(TRACEPARENT)


def read_trace_id() -> str | None:
    """The trace of the open span, in hex; None where there is none."""
    traceparent = write_traceparent()
    return None if traceparent is None else traceparent.split("-")[1]


def find_parent() -> str | None:
    """What the process that started this one handed on in the environment."""
    return os.environ.get(TRACEPARENT.upper())
