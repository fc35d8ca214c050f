# SPDX-License-Identifier: Apache-2.0
"""What a server and a worker tell of their work, in logs and traces, and what they keep to themselves.

Real processes, and a real receiver of OTLP over HTTP; they are started once.
"""

from __future__ import annotations

import gzip
import json
import threading
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psycopg
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from psycopg import sql

from tests.api.district import build_district
from tests.api.test_uploads import TUS, begin, send
from tests.fault.processes import free_port, running, serving, wait_until
from twin.cluster import Cluster
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


@contextmanager
def collecting() -> Generator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


@dataclass
class Told:
    """What was told of the same few requests and jobs; `secrets` of what was sent must be nowhere in it."""

    log: str
    collector: Collector
    request_ids: list[str]
    secrets: list[str]


@pytest.fixture(scope="module")
def told(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("told")
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    settings = Settings(database_url=cluster.url(name), data_dir=folder / "data")
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection, collecting() as collector:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        try:
            yield watch_processes(settings, collector, folder)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def watch_processes(settings: Settings, collector: Collector, folder: Path) -> Told:
    """Send requests that are full of secrets, good ones and bad ones, and have two uploads loaded."""
    tokens = build_district(settings)
    log = folder / "log"
    options = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200",
               "TWIN_LOG_REQUESTS": "all", "TWIN_LOG_LEVEL": "debug"}  # fmt: skip
    secrets = [*tokens.values(), "114.0123456", "22.5054321", "confidential-words", "Zhang-Secret", "13800001111",
               "secret-upload.ifc"]  # fmt: skip
    with serving(settings, log, free_port(), **options) as served:
        request_ids = send_secrets(served.url, tokens)
        headers = {"Authorization": f"Bearer {tokens['planner']}"}
        with httpx.Client(base_url=served.url, headers=headers, timeout=60) as client:
            content = b"ISO-10303-21; nothing like it"
            url = begin(client, len(content), at="114.01,22.505").headers["location"]
            client.headers["traceparent"] = f"00-{TRACE}-{PARENT}-01"
            answer = send(client, url, 0, content)
            assert answer.status_code == 204
            assert answer.headers["traceresponse"].split("-")[1] == TRACE
            job = client.get(url, headers=TUS).json()["job_id"]
            with running(settings, log, "worker", **options) as worker:
                wait_until(lambda: client.get(f"/jobs/{job}").json()["state"] == "refused", worker)
                assert worker.stop() == 0
        assert served.stop() == 0
    return Told(log.read_text(), collector, request_ids, [*secrets, url.rpartition("/")[2]])


def test_a_log_has_every_request_and_none_of_what_was_sent(told: Told) -> None:
    lines = [json.loads(line) for line in told.log.splitlines()]
    assert [secret for secret in told.secrets[:-1] if secret in told.log] == []
    assert not [line for line in lines if "127.0.0.1" in json.dumps(line)], "no address, unless the settings say so"
    requests = [line for line in lines if line["logger"] == "twin.access"]
    assert set(told.request_ids) <= {line["request_id"] for line in requests}, "the id in the answer finds the line"
    for line in requests:
        assert {"time", "level", "message", "method", "route", "status", "duration_ms"} <= line.keys()
    routes = {line["route"] for line in requests}
    assert {"/blocks/{code}", "/collections/{layer_id}/items", "/uploads"} <= routes


def test_a_trace_goes_from_the_request_to_its_transactions_and_its_job(told: Told) -> None:
    collector = told.collector
    (request,) = [s for s in collector.find("twin-api", "PATCH /uploads/{upload_id}") if s.trace_id.hex() == TRACE]
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert request.kind == Span.SPAN_KIND_SERVER
    below = [s for s in collector.find("twin-api", "transaction") if s.parent_span_id == request.span_id]
    assert below and all(span.trace_id == request.trace_id for span in below)
    (done,) = [s for s in collector.find("twin-worker", "job ingest:load_upload") if s.trace_id.hex() == TRACE]
    assert done.trace_id.hex() == TRACE and done.kind == Span.SPAN_KIND_CONSUMER
    assert done.parent_span_id in {span.span_id for span in below}, "it was enqueued in one of these"
    # The work itself is done in a process of its own, which goes on with the same trace.
    (work,) = [s for s in collector.find("twin-worker", "load upload") if s.trace_id.hex() == TRACE]
    assert (work.trace_id, work.parent_span_id) == (done.trace_id, done.span_id)
    assert [s for s in collector.find("twin-worker", "transaction") if s.parent_span_id == work.span_id]
    attributes = {a.key: str(a.value) for _, span in collector.spans for a in span.attributes}
    assert {"http.request.method", "http.route", "http.response.status_code", "db.system.name"} <= attributes.keys()
    text = " ".join(str(span) for _, span in collector.spans)
    assert [secret for secret in told.secrets if secret in text] == []


def send_secrets(url: str, tokens: dict[str, str]) -> list[str]:
    """Tokens in links, cookies and headers, coordinates in queries, words in bodies; good requests and bad ones."""
    box = "114.0123456,22.5054321,114.02,22.51"
    with httpx.Client(base_url=url, timeout=60) as client:
        answers = [
            client.get(f"/wall?token={tokens['wall']}"),
            client.get(f"/blocks/990101001?token={tokens['east']}"),
            client.get(
                f"/collections/buildings/items?bbox={box}", headers={"Cookie": f"twin_session={tokens['west']}"}
            ),
            client.get(f"/collections/buildings/items?bbox={box}x&name=Zhang-Secret"),
            client.get("/stream?confidential-words=13800001111"),
        ]
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {tokens['admin']}"
        answers += [
            client.post("/tokens", json={"role": "confidential-words", "label": "Zhang-Secret"}),
            client.post("/tokens", content=b'{"label": "13800001111'),
            client.post("/locate", json={"rows": [{"address": "Zhang-Secret 13800001111", "lon": 114.0123456}]}),
            client.put("/datasets/1", json={"title": "confidential-words 13800001111"}),
            client.get("/jobs/99999999999999999999"),
            client.get("/registers/buildings?q=Zhang-Secret"),
        ]
        client.headers["Authorization"] = f"Bearer {tokens['planner']}"
        content = b"confidential-words Zhang-Secret 13800001111"
        made = begin(client, len(content), filename="secret-upload.ifc", at="114.0123456,22.5054321")
        answers += [made, send(client, made.headers["location"], 0, content)]
    return [answer.headers["x-request-id"] for answer in answers]
