# SPDX-License-Identifier: Apache-2.0
"""Traces, as a collector gets them: a real receiver of OTLP over HTTP, and real processes that send to it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.api.district import build_district
from tests.api.test_uploads import TUS, begin, send
from tests.fault.processes import free_port, running, serving, wait_until
from twin.settings import Settings

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector:
    """What an OTLP receiver has received."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.take(self.path, body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            self.spans += [(service, span) for scope in resource.scope_spans for span in scope.spans]

    def find(self, service: str, name: str) -> list[Span]:
        return [span for owner, span in self.spans if owner == service and span.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_trace_goes_from_the_request_to_its_transactions_and_its_job(
    database: Settings, collector: Collector, tmp_path: Path
) -> None:
    tokens = build_district(database)
    options = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    with serving(database, tmp_path / "serve.log", free_port(), **options) as served:
        headers = {"Authorization": f"Bearer {tokens['planner']}"}
        with httpx.Client(base_url=served.url, headers=headers, timeout=60) as client:
            content = b"ISO-10303-21; nothing like it"
            url = begin(client, len(content), at="114.01,22.505").headers["location"]
            client.headers["traceparent"] = f"00-{TRACE}-{PARENT}-01"
            answer = send(client, url, 0, content)
            assert answer.status_code == 204
            assert answer.headers["traceresponse"].split("-")[1] == TRACE
            job = client.get(url, headers=TUS).json()["job_id"]
            client.get(f"/collections/buildings/items?bbox=114.0123456,22.5,114.1,22.6&token={tokens['east']}")
            with running(database, tmp_path / "worker.log", "worker", **options) as worker:
                wait_until(lambda: client.get(f"/jobs/{job}").json()["state"] == "refused", worker)
                assert worker.stop() == 0
        assert served.stop() == 0
    (request,) = collector.find("twin-api", "PATCH /uploads/{upload_id}")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert request.kind == Span.SPAN_KIND_SERVER
    below = [s for s in collector.find("twin-api", "transaction") if s.parent_span_id == request.span_id]
    assert below and all(span.trace_id == request.trace_id for span in below)
    (done,) = collector.find("twin-worker", "job ingest:load_upload")
    assert done.trace_id.hex() == TRACE and done.kind == Span.SPAN_KIND_CONSUMER
    assert done.parent_span_id in {span.span_id for span in below}, "it was enqueued in one of these"
    # The work itself is done in a process of its own, which goes on with the same trace.
    (work,) = collector.find("twin-worker", "load upload")
    assert (work.trace_id, work.parent_span_id) == (done.trace_id, done.span_id)
    assert [s for s in collector.find("twin-worker", "transaction") if s.parent_span_id == work.span_id]
    attributes = {a.key: str(a.value) for _, span in collector.spans for a in span.attributes}
    assert {"http.request.method", "http.route", "http.response.status_code", "db.system.name"} <= attributes.keys()
    told = " ".join(str(span) for _, span in collector.spans)
    upload = url.rpartition("/")[2]
    assert [secret for secret in [*tokens.values(), "114.0123456", upload] if secret in told] == []
