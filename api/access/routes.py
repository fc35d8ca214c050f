# SPDX-License-Identifier: Apache-2.0
"""What every route gives out or changes: what is on record of a request follows from it, and what is tested.

A route that is missing here is taken for one with data, and the access matrix test names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from api.observe.requests import STREAM, TILES

Kind = Literal["open", "told", "data", "file", "office", "own", "write", "sign_in"]
"""Of what sort a route is.

open: the same for everybody, whoever asks.
told: descriptions, of what the asker may know of; no rows.
data: rows, or what is made of rows, within the asker's scope and class.
file: originals as they were sent, each of which is on record when it is fetched.
office: for stewards, administrators or auditors.
own: what the asker himself has sent or begun.
write: a change; the database puts it on record.
sign_in: begins or ends a session.
"""

_BY_KIND: Final[Mapping[Kind, str]] = {
    "open": """
        GET /   GET /conformance   GET /api   GET /health   GET /health/live   GET /health/ready
        GET /grid   GET /admin   GET /plan   GET /wall   GET /viewer/{path:path}   OPTIONS /uploads   GET /sign-in
        GET /persons/{subject}/units
        GET /tileMatrixSets   GET /tileMatrixSets/{matrix_set_id}
        DELETE /collections/{layer_id}/items   PATCH /collections/{layer_id}/items   PUT /collections/{layer_id}/items
        POST /collections/{layer_id}/items/{feature_id}
    """,
    "told": """
        GET /session   GET /collections   GET /collections/{layer_id}   GET /collections/{layer_id}/queryables
        GET /collections/{layer_id}/schema   GET /collections/{layer_id}/schemas/feature
        GET /collections/{layer_id}/tiles
        GET /collections/{layer_id}/tiles/{matrix_set_id}   GET /styles   GET /styles/{style_id}   GET /schemes
        GET /measures   GET /measures/fields   GET /pillars   GET /registers   GET /kinds   GET /event-types
        GET /code-forms   GET /business-layers   OPTIONS /collections/{layer_id}/items
        OPTIONS /collections/{layer_id}/items/{feature_id}
        GET /collections/catalogue   GET /collections/catalogue/queryables   GET /collections/catalogue/sortables
        GET /collections/catalogue/items   GET /collections/catalogue/items/{record_id}
        GET /stac   GET /stac/conformance   GET /stac/collections   GET /stac/collections/{collection_id}
        GET /geovolumes   GET /geovolumes/conformance   GET /model-rules
    """,
    "data": """
        GET /collections/{layer_id}/items   GET /collections/{layer_id}/items/{feature_id}   GET /incidents
        GET /collections/{layer_id}/export   GET /blocks   GET /blocks/{code}   GET /blocks/{code}/lineage
        GET /blocks/{code}/profile   GET /blocks/{code}/series   GET /measures/figures   GET /targets
        GET /models   GET /models/{model_id}
        GET /models/{model_id}/elements/{global_id}   GET /models/{model_id}/summary
        GET /models/{model_id}/properties   GET /tilesets   GET /tilesets/{tileset_id}/{path:path}
        GET /locate   POST /locate   GET /registers/{register}   GET /registers/{register}/export
        GET /registers/{register}/{feature_id}   GET /registers/{register}/{feature_id}/history
        GET /registers/parks/{feature_id}/spaces   GET /registers/parks/{feature_id}/spaces/history
        GET /hazards   GET /hazards/{hazard_id}   GET /hazards/{hazard_id}/history
        GET /inspections   GET /inspections/{inspection_id}/history
        GET /surveys   GET /surveys/{round_id}   GET /surveys/{round_id}/owed
        GET /surveys/{round_id}/responses/{object_id}   GET /surveys/{round_id}/responses/{object_id}/history
        GET /buildings/{building}/units   GET /units   GET /units/{unit}   GET /units/{unit}/occupancy
        GET /business-layers/{code}/versions   GET /business-layers/{code}/versions/{number}/changes
        GET /datasets   GET /datasets/{dataset_id}   GET /datasets/{dataset_id}/issues
        GET /stac/search   POST /stac/search   GET /stac/collections/{collection_id}/items
        GET /stac/collections/{collection_id}/items/{item_id}
        GET /geovolumes/collections   GET /geovolumes/collections/{container_id}
    """,
    "file": """
        GET /photos/{asset}   GET /loads/{load_id}/rejects.xlsx   GET /loads/{load_id}/rejects.csv
        GET /uploads/{upload_id}/rejects.xlsx   GET /uploads/{upload_id}/rejects.csv
    """,
    "office": """
        GET /tokens   GET /exports   GET /exports/{export_id}   GET /quality   GET /placements   GET /loads
        GET /loads/{load_id}   GET /loads/{load_id}/rejects   GET /audit   GET /audit/head   GET /audit/export
        GET /metrics   GET /accounts   GET /accounts/{account_id}   GET /oidc/mappings
        GET /model-matches
    """,
    "own": """
        GET /jobs   GET /jobs/{job_id}   HEAD /uploads/{upload_id}   GET /uploads/{upload_id}
        GET /proposals   GET /proposals/{proposal_id}   GET /sessions   GET /webhooks   GET /webhooks/{webhook_id}
    """,
    "write": """
        POST /uploads   PATCH /uploads/{upload_id}   POST /uploads/{upload_id}/load   DELETE /uploads/{upload_id}
        PUT /measures/{code}   DELETE /measures/{code}   PUT /pillars/{code}   PUT /targets/{code}
        DELETE /targets/{code}   POST /loads/{load_id}/withdraw   POST /placements/{placement_id}
        PATCH /registers/{register}/{feature_id}   POST /registers/{register}/{feature_id}/restore
        PUT /registers/parks/{feature_id}/spaces   POST /proposals   POST /proposals/{proposal_id}/accept
        POST /proposals/{proposal_id}/reject   POST /proposals/{proposal_id}/withdraw   POST /photos
        POST /hazards   POST /hazards/{hazard_id}/actions   POST /inspections   PATCH /inspections/{inspection_id}
        POST /surveys   POST /surveys/{round_id}/close   PUT /surveys/{round_id}/responses/{object_id}
        POST /quality/{issue_id}/resolve   POST /tokens   DELETE /tokens/{token_id}   PUT /business-layers/{code}
        DELETE /business-layers/{code}   PUT /datasets/{dataset_id}
        POST /collections/{layer_id}/items   PUT /collections/{layer_id}/items/{feature_id}
        PATCH /collections/{layer_id}/items/{feature_id}   DELETE /collections/{layer_id}/items/{feature_id}
        POST /accounts   PUT /accounts/{account_id}   PATCH /accounts/{account_id}
        POST /accounts/{account_id}/password
        DELETE /accounts/{account_id}/sessions   DELETE /sessions/{session_id}   PUT /session/password
        POST /oidc/mappings   PUT /oidc/mappings/{mapping_id}   DELETE /oidc/mappings/{mapping_id}
        POST /webhooks   PATCH /webhooks/{webhook_id}   DELETE /webhooks/{webhook_id}
        POST /model-matches/{match_id}   POST /webhooks/{webhook_id}/redeliver   POST /webhooks/{webhook_id}/secret
    """,
    "sign_in": "POST /session   DELETE /session   GET /sign-in/oidc   GET /sign-in/oidc/callback",
}


def _read(lists: Mapping[Kind, str]) -> dict[tuple[str, str], Kind]:
    kinds: dict[tuple[str, str], Kind] = {}
    for kind, listed in lists.items():
        words = listed.split()
        for method, path in zip(words[::2], words[1::2], strict=True):
            kinds[method, path] = kind
    return kinds


ROUTES: Final[Mapping[tuple[str, str], Kind]] = {
    **_read(_BY_KIND), ("GET", TILES): "data", ("GET", STREAM): "data",
}  # fmt: skip
"""The kind of every route, by method and path template."""
