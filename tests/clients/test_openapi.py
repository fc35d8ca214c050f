# SPDX-License-Identifier: Apache-2.0
"""schemathesis on the API's own description: what it says is what is answered, and no request breaks the server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.district import COMMUNITY, DISTRICT, WEST
from tests.api.server import City
from tests.clients.clients import LAYERS
from tests.clients.conftest import serve_every_layer
from twin.cluster import Cluster

# Not among them: that what fits the schema is accepted, and what does not is refused. A schema does not say that a code
# has to be one of the district's, and a text of a CQL2 filter is any text to it.
CHECKS: Final = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
EXAMPLES: Final = int(os.environ.get("TWIN_OPENAPI_EXAMPLES", "2"))
"""Of each operation, for each actor. A run by hand has many more."""

KNOWN: Final[Mapping[str, tuple[Any, ...]]] = {
    "layer_id": LAYERS, "style_id": ("default", *LAYERS), "feature_id": ("1", "2", "17"), "object_id": (1, 2),
    "code": (DISTRICT, WEST, COMMUNITY, "99010100100101", "shops", "buildings.count"),
    "matrix_set_id": ("WebMercatorQuad", "WorldCRS84Quad", "CGCS2000Quad"),
    "register": ("buildings", "parks", "villages", "hazards"), "building": ("9901010010010100001", "1"),
    "unit": ("9901010010010100001A11", "1"), "model_id": (1,), "tileset_id": (1,), "hazard_id": (1, 2),
    "global_id": ("wall", "storey"), "path": ("tileset.json", "content.glb"), "dataset_id": (1,), "load_id": (1,),
    "job_id": (1,), "round_id": (1,), "inspection_id": (1,), "proposal_id": (1,), "account_id": (1,),
    "webhook_id": (1,), "mapping_id": (1,), "issue_id": (1,), "placement_id": (1,), "number": (1,),
}  # fmt: skip
"""What the district has: a made-up number leads to a 404 most of the time, and no further."""


@pytest.fixture(scope="module")
def written_city(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A district of its own, since everything that the description offers is done to it."""
    yield from serve_every_layer(cluster, template, tmp_path_factory.mktemp("openapi"))


@pytest.mark.parametrize("who", ["admin", "west", None])
def test_what_is_described_is_what_is_answered(written_city: City, who: str | None) -> None:
    described = schemathesis.openapi.from_url(f"{written_city.url}/api")
    failures: dict[str, str] = {}
    statuses: dict[int, int] = {}
    with requests.Session() as session:
        if who is not None:
            session.headers["Authorization"] = f"Bearer {written_city.tokens[who]}"
        # What deletes comes last, tokens at the very end.
        operations = [found.ok() for found in described.get_all_operations()]
        for operation in sorted(operations, key=lambda one: (one.method == "delete", one.path.startswith("/tokens"))):
            for case in draw_cases(operation):
                try:
                    answer = case.call_and_validate(session=session, checks=CHECKS, timeout=60)
                    statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                except (Failure, FailureGroup) as failure:
                    told = "\n".join(f"{one.title}: {one.message}" for one in getattr(failure, "exceptions", [failure]))
                    failures.setdefault(operation.label, f"{told}\n{case.as_curl_command()}")
    assert not failures, "\n\n".join(f"{label}\n{told}" for label, told in failures.items())
    # Not everything was refused at the door.
    assert statuses[200] > 50 and (who is None or statuses.get(401, 0) < statuses[200] / 10), statuses


@pytest.mark.parametrize("text", ["a\0b", "\0"])
def test_a_text_that_cannot_be_stored_is_the_clients_mistake(written_city: City, text: str) -> None:
    target = {"title": {"zh": "目标", "en": text}, "goal": 1, "measure": text}
    with written_city.client("admin") as admin:
        answer = admin.put("/targets/nul", json=target)
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"


def draw_cases(operation: Any) -> list[Any]:
    """Some requests, half of them of things that exist."""
    cases: list[Any] = []

    @hypothesis.settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
    )  # fmt: skip
    @hypothesis.given(operation.as_strategy(), st.integers(0, 1_000))
    def draw(case: Any, number: int) -> None:
        known = {name: KNOWN[name] for name in case.path_parameters or {} if name in KNOWN}
        if len(cases) % 2 == 0:
            case.path_parameters.update({name: values[number % len(values)] for name, values in known.items()})
        cases.append(case)

    draw()
    return cases
