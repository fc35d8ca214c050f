# SPDX-License-Identifier: Apache-2.0
"""Role by scope by class by endpoint: what is out of reach is nowhere, and what is in reach is there.

Every feature has a mark in its name and number, so that whatever a route answers can be searched for what it should
not hold. Requests of one address follow each other from actor to actor, up and down in rights, so that each meets the
caches as somebody else left them.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import mapbox_vector_tile
import psycopg
import pytest
from fastapi.routing import APIRoute
from psycopg import sql

from api.access.routes import ROUTES
from api.app import _ROUTERS, Application
from api.observe.requests import STREAM, TILES
from layers.registry import load_layers
from tests.api.district import DISTRICT, EAST, WEST, build_district
from tests.api.server import City, serve
from twin.access import ROLE_CLASS, create_token
from twin.cluster import Cluster
from twin.database import transaction
from twin.model import FeatureColumns, Table
from twin.settings import Settings

ORGANISATION = "一公司"
PLACES = {"w": f"{WEST}00101", "e": f"{EAST}00101", "o": "~"}
CORNERS = {"w": (114.006, 22.506), "e": (114.046, 22.506), "o": (114.5, 22.9)}
MARK = re.compile(r"QZ\d\d[1-4][weo]QZ")
CLASSES = (1, 2, 3, 4)
BATTERY = ("public", "wall", "west2", "west3", "planner1", "planner2", "planner3", "planner4", "nowhere3", "company3")
"""Actors for what is long: of each reach one, from little to much and back."""

COLUMNS = {
    "hazard": {"hazard_kind": "fire", "severity": 3, "state": "found"},
    "address": {"normalised": "{mark}", "road": "{mark}"},
    "business_feature": {"layer_code": "mine"},
    "height_limit": {"max_elevation": 90, "vertical_datum": "1985"},
    "legal_entity": {"uscc": "{mark}"},
    "storey": {"number": 1},
    "incident": {"summary": "told in confidence"},
    "industrial_park": {"vacant_area": 987654},
    "unit": {"occupancy": "rented", "residents": 3, "code": "{mark}"},
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    layer: str
    feature_id: int
    codes: tuple[str, ...]
    access_class: int
    mark: str
    organisation: str | None
    place: str


@dataclass(frozen=True)
class Asker:
    name: str
    role: str
    scope: str
    access_class: int

    def sees(self, row: Row) -> bool:
        if row.access_class > self.access_class:
            return False
        if self.scope == "all":
            return True
        if self.scope == "street":
            return any(code.startswith(WEST) for code in row.codes)
        return self.scope == "company" and row.organisation == ORGANISATION


@dataclass
class Matrix:
    city: City
    client: httpx.Client
    rows: list[Row]
    askers: dict[str, Asker]

    def get(self, asker: Asker | str | None, path: str, **options: object) -> httpx.Response:
        return self.ask("GET", asker, path, **options)

    def ask(self, method: str, asker: Asker | str | None, path: str, **options: object) -> httpx.Response:
        name = asker.name if isinstance(asker, Asker) else asker
        headers = {"Authorization": f"Bearer {self.city.tokens[name]}"} if name and name != "public" else {}
        return self.client.request(method, path, headers=headers | dict(options.pop("headers", {})), **options)

    def up_and_down(self, names: Sequence[str] = BATTERY) -> Iterator[Asker]:
        """From least to most, and back: each finds what another left in the caches."""
        for name in (*names, *reversed(names)):
            yield self.askers[name]

    def expect(self, asker: Asker, layer: str) -> set[int]:
        return {row.feature_id for row in self.rows if row.layer == layer and asker.sees(row)}

    def find_hidden(self, asker: Asker, content: bytes) -> set[str]:
        """The marks in an answer that the asker should not find there."""
        seen = {row.mark for row in self.rows if asker.sees(row)}
        return set(MARK.findall(content.decode("utf-8", "replace"))) - seen


LAYERS = {layer.kind: id for id, layer in load_layers().items() if layer.kind != "block"}


def list_askers() -> list[Asker]:
    askers = [Asker("public", "public", "all", 1)]
    for role, access_class in ROLE_CLASS.items():
        if role == "public":
            continue
        for scope in ("all", "street", "company", "nowhere"):
            askers.append(Asker(role if scope == "all" else f"{role}-{scope}", role, scope, access_class))
    for access_class in CLASSES:
        for scope, name in (("all", "planner"), ("street", "west"), ("company", "company"), ("nowhere", "nowhere")):
            askers.append(Asker(f"{name}{access_class}", "planner", scope, access_class))
    return askers


def add_rows(connection: psycopg.Connection) -> None:
    """Of every kind one of each class, in two streets and outside all blocks."""
    connection.execute(
        "INSERT INTO business_layer (code, title, access_class, created_by) "
        "VALUES ('mine', 'Mine', 1, 'test'), ('inner', 'Inner', 3, 'test')"
    )
    kinds = sorted(
        (m.class_ for m in Table.registry.mappers if issubclass(m.class_, FeatureColumns)),
        key=lambda kind: kind.__tablename__,
    )
    for number, kind in enumerate(kinds):
        table = kind.__tablename__
        if table in ("model", "tileset"):
            continue
        for access_class in CLASSES:
            for place, code in PLACES.items():
                mark = f"QZ{number:02d}{access_class}{place}QZ"
                x, y = CORNERS[place]
                x += access_class * 0.00005
                y += number * 0.00005
                shape = (
                    f"POINT({x} {y})", f"LINESTRING({x} {y},{x + 0.0002} {y})",
                    f"POLYGON(({x} {y},{x + 0.0002} {y},{x + 0.0002} {y + 0.0002},{x} {y + 0.0002},{x} {y}))",
                )[kind.DIMENSION]  # fmt: skip
                values = {
                    "source_id": "matrix", "local_id": mark, "name": mark, "block_code": code,
                    "access_class": access_class,
                }  # fmt: skip
                for column, value in COLUMNS.get(table, {}).items():
                    values[column] = mark if value == "{mark}" else value
                if table == "hazard" and place == "e":
                    values |= {"organisation": ORGANISATION, "state": "assigned"}
                connection.execute(
                    sql.SQL("INSERT INTO {} ({}, geometry) VALUES ({}, ST_GeomFromText(%s, 4490))").format(
                        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, values)),
                        sql.SQL(", ").join(sql.Placeholder() * len(values)),
                    ),
                    [*values.values(), shape],
                )  # fmt: skip


def read_rows(connection: psycopg.Connection) -> list[Row]:
    rows: list[Row] = []
    for kind, layer in [*LAYERS.items(), ("business_feature", "mine")]:
        organisation = "organisation" if kind == "hazard" else "NULL"
        for found in connection.execute(
            # What models are made of has a GlobalId and no local id.
            f"SELECT id, block_code, access_class, coalesce(to_jsonb(one) ->> 'local_id', ''), {organisation}, "
            f"ARRAY(SELECT block_code FROM feature_block WHERE kind = '{kind}' AND feature_id = one.id) "
            f"FROM {kind} AS one"
        ).fetchall():
            place = found[3][5] if MARK.fullmatch(found[3]) else ""
            rows.append(Row(layer, found[0], (found[1], *found[5]), found[2], found[3], found[4], place))
    return rows


def add_tokens(connection: psycopg.Connection, askers: Sequence[Asker]) -> dict[str, str]:
    tokens: dict[str, str] = {}
    for asker in askers:
        if asker.role == "public":
            continue
        scope = [WEST] if asker.scope in ("street", "nowhere") else []
        organisations = [ORGANISATION] if asker.scope == "company" else []
        tokens[asker.name] = create_token(
            connection, asker.role, scope=scope, organisations=organisations, label=asker.name
        )
        connection.execute(
            "UPDATE access_token SET access_class = %s WHERE label = %s", (asker.access_class, asker.name)
        )  # fmt: skip
        if asker.scope == "nowhere":
            connection.execute(
                "DELETE FROM role_grant USING access_token AS token WHERE token.id = token_id AND label = %s",
                (asker.name,),
            )
    return tokens


@contextmanager
def open_matrix(cluster: Cluster, template: str, folder: object) -> Iterator[Matrix]:
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    settings = Settings(
        database_url=cluster.url(name), data_dir=folder / "data", viewer_dir=folder / "viewer", pool_size=4,
        rate_limit_address=0, rate_limit_token=0, topographic_export_km2=0,
    )  # fmt: skip
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        try:
            build_district(settings)
            askers = list_askers()
            with transaction(settings) as own:
                add_rows(own)
                tokens = add_tokens(own, askers)
                tokens |= {"gone": create_token(own, "admin", label="gone"), "over": create_token(own, "admin")}
                own.execute("UPDATE access_token SET revoked_at = now() WHERE label = 'gone'")
                own.execute(
                    "UPDATE access_token SET expires_at = now() - interval '1 second' WHERE id = (SELECT max(id) "
                    "FROM access_token)"
                )
                own.execute("SELECT fold_facts()")
                rows = read_rows(own)
            with serve(settings, tokens) as city, httpx.Client(base_url=city.url, timeout=30) as client:
                client.headers["Accept-Language"] = "en"
                yield Matrix(city, client, rows, {asker.name: asker for asker in askers})
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def matrix(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    with open_matrix(cluster, template, tmp_path_factory.mktemp("matrix")) as opened:
        yield opened


def list_routes() -> set[tuple[str, str]]:
    """The routes of the framework, and the bare ones ahead of it."""
    found = {("GET", TILES), ("GET", STREAM)}
    for router in _ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute), route
            found |= {(method, route.path) for method in route.methods}
    return found


def test_every_route_is_classified_and_every_bare_one_is_known(database: Settings) -> None:
    routes = list_routes()
    assert routes - set(ROUTES) == set(), "say in api/access/routes.py of what sort these are"
    assert set(ROUTES) - routes == set(), "these are no routes any more"
    parts = {type(part).__name__ for name, part in vars(Application(database)).items() if name != "services"}
    # What answers requests by itself: whoever adds a part here adds its routes to those above.
    assert parts == {"Guard", "OnceRoute", "TileRoute", "RequestWatch", "AuditTrail", "CORSMiddleware"} or parts == {
        "Guard", "OnceRoute", "TileRoute", "RequestWatch", "AuditTrail", "method",
    }  # fmt: skip


VALUES = {
    "layer_id": ("incidents", "units", "mine"), "code": (DISTRICT, WEST, EAST), "register": ("parks", "units"),
    "record_id": ("layer-inner", "model-1"), "collection_id": ("models", "tilesets"), "item_id": ("1", "buildings"),
    "container_id": (f"3d-{WEST}", f"3d-{EAST}"), "matrix_set_id": ("WebMercatorQuad",),
    "tileset_id": ("buildings", "1"), "path": ("tileset.json",),
    "style_id": ("default",), "asset": ("0" * 64,), "building": ("1", "2"), "number": ("1",),
    "export_id": ("E20260101-000000000000",), "z": ("14",), "row": ("7139",), "col": ("13379",),
    "global_id": ("wall",), "subject": ("0" * 32,), "upload_id": ("0" * 32,), "unit": ("1", "8"), "block": (WEST,),
}  # fmt: skip


def fill(template: str, ids: Sequence[int] = (1,)) -> list[str]:
    """Paths of a route: each of the values that its names may have, in step."""
    names = re.findall(r"{(\w+)(?::path)?}", template)
    choices = [VALUES.get(name.split(":")[0]) or tuple(map(str, ids)) for name in names]
    many = max((len(choice) for choice in choices), default=1)
    paths: list[str] = []
    for step in range(many):
        path = template
        for name, choice in zip(names, choices, strict=True):
            path = re.sub(r"{" + name + r"(:path)?}", choice[step % len(choice)], path, count=1)
        paths.append(path)
    return paths


def test_a_revoked_or_expired_token_is_refused_by_every_route(matrix: Matrix) -> None:
    answered = {
        (method, path, token): matrix.ask(method, token, fill(path)[0]).status_code
        for (method, path), kind in ROUTES.items()
        if kind not in ("open", "sign_in")
        for token in ("gone", "over")
    }
    assert {route: status for route, status in answered.items() if status != 401} == {}


def test_items_counts_and_columns_are_those_of_the_asker(matrix: Matrix) -> None:
    declared = load_layers()
    for layer in sorted({row.layer for row in matrix.rows}):
        restricted = {p.name for p in declared[layer].properties if p.access_class > 1} if layer in declared else set()
        is_asked_by_all = layer in ("incidents", "hazards", "urban_villages", "units", "mine")
        for asker in matrix.askers.values() if is_asked_by_all else [matrix.askers[name] for name in BATTERY]:
            answer = matrix.get(asker, f"/collections/{layer}/items?limit=1000")
            assert answer.status_code == 200, (asker, layer, answer.text)
            body = answer.json()
            assert {f["id"] for f in body["features"]} == matrix.expect(asker, layer), (asker, layer)
            allowed = {
                p.name for p in declared[layer].properties_for(asker.access_class)
            } if layer in declared else set()  # fmt: skip
            for feature in body["features"]:
                assert not (set(feature["properties"]) & restricted) - allowed, (asker, layer)
        if layer not in ("hazards", "mine") and not restricted:
            continue
        for asker in (matrix.askers[name] for name in BATTERY):
            body = matrix.get(asker, f"/collections/{layer}/items?limit=1&count=exact").json()
            assert body["numberMatched"] == len(matrix.expect(asker, layer)), (asker, layer)
            if not restricted:
                continue
            allowed = {p.name for p in declared[layer].properties_for(asker.access_class)}
            described = matrix.get(asker, f"/collections/{layer}").json()["blocktwin"]["properties"]
            queryable = matrix.get(asker, f"/collections/{layer}/queryables").json()["properties"]
            assert {p["name"] for p in described} == allowed, (asker, layer)
            assert not set(queryable) & (restricted - allowed), (asker, layer)


def test_a_layer_above_the_askers_class_is_not_there(matrix: Matrix) -> None:
    for asker in matrix.up_and_down():
        listed = {one["id"] for one in matrix.get(asker, "/collections").json()["collections"]}
        for layer, access_class in (("mine", 1), ("inner", 3)):
            is_known = asker.access_class >= access_class
            assert (layer in listed) is is_known, (asker, layer)
            for path in ("", "/items", "/tiles/WebMercatorQuad/14/7139/13379", "/queryables", "/export?f=csv"):
                status = matrix.get(asker, f"/collections/{layer}{path}").status_code
                assert (status == 404) is not is_known, (asker, layer, path, status)


def test_single_features_out_of_reach_are_not_found(matrix: Matrix) -> None:
    # Of every layer one of each class and place that the tests made.
    for row in matrix.rows:
        if not row.place or row.layer not in ("incidents", "hazards"):
            continue
        for asker in (matrix.askers[name] for name in BATTERY):
            status = matrix.get(asker, f"/collections/{row.layer}/items/{row.feature_id}").status_code
            assert status == (200 if asker.sees(row) else 404), (asker, row)


def find_tile(x: float, y: float, zoom: int) -> tuple[int, int]:
    """Row and column of the tile that holds a place."""
    count = 2**zoom
    latitude = math.radians(y)
    return int((1 - math.asinh(math.tan(latitude)) / math.pi) / 2 * count), int((x + 180) / 360 * count)


def test_tiles_hold_what_the_asker_may_see_whoever_filled_the_cache(matrix: Matrix) -> None:
    for layer in sorted({row.layer for row in matrix.rows if row.place}):
        for place in ("w", "e"):
            row, column = find_tile(*CORNERS[place], 17)
            path = f"/collections/{layer}/tiles/WebMercatorQuad/17/{row}/{column}"
            everybody = [*matrix.up_and_down()] + (
                [a for a in matrix.askers.values() if a.name not in BATTERY]
                if layer in ("incidents", "hazards")
                else []
            )
            for asker in everybody:
                answer = matrix.get(asker, path)
                assert answer.status_code in (200, 204), (asker, path, answer.text)
                shown = mapbox_vector_tile.decode(answer.content).get(layer, {"features": []}) if answer.content else {}
                ids = {f["id"] for f in shown.get("features", ()) if "id" in f}
                expected = matrix.expect(asker, layer)
                assert ids <= expected, (asker, path)
                assert not matrix.find_hidden(asker, answer.content), (asker, path)
                made = {r.feature_id for r in matrix.rows if r.layer == layer and r.place == place}
                assert ids & made == expected & made, (asker, path)


def test_exports_hold_what_the_asker_may_see(matrix: Matrix) -> None:
    for layer in ("incidents", "units", "hazards", "legal_entities"):
        for form in ("csv", "geojson", "gpkg") if layer == "units" else ("geojson",):
            for asker in matrix.up_and_down() if layer == "hazards" else (matrix.askers[name] for name in BATTERY):
                answer = matrix.get(asker, f"/collections/{layer}/export?f={form}")
                assert answer.status_code == 200, (asker, layer, answer.text)
                assert not matrix.find_hidden(asker, answer.content), (asker, layer, form)
                if form == "geojson":
                    ids = {feature["id"] for feature in answer.json()["features"]}
                    assert ids == matrix.expect(asker, layer), (asker, layer)
                if layer == "units":
                    assert ("ented" in answer.text) is (asker.access_class >= 3 and bool(matrix.expect(asker, layer)))


def test_solids_hold_what_the_asker_may_see_at_every_address_that_anybody_was_told(matrix: Matrix) -> None:
    def children(node: dict) -> Iterator[str]:
        contents = [*node.get("contents", []), *([node["content"]] if "content" in node else [])]
        yield from (content["uri"] for content in contents)
        for child in node.get("children", ()):
            yield from children(child)

    paths = ["/tilesets/buildings/tileset.json", "/tilesets/units/tileset.json", "/tilesets/storeys/tileset.json"]
    admin = matrix.askers["planner4"]
    for path in paths:
        answer = matrix.get(admin, path)
        if path.endswith(".json") and answer.status_code == 200:
            base = httpx.URL(path)
            paths += [
                joined for uri in children(answer.json()["root"])
                if (joined := str(base.join(uri.partition("?")[0]))) not in paths
            ]  # fmt: skip
    assert sum(path.endswith(".glb") for path in paths) > 2
    found: dict[str, set[str]] = {}
    for path in paths:
        for asker in matrix.up_and_down(("public", "west2", "west3", "nowhere3", "planner4")):
            answer = matrix.get(asker, path)
            assert answer.status_code in (200, 204, 404), (asker, path, answer.text)
            assert not matrix.find_hidden(asker, answer.content), (asker, path)
            found.setdefault(asker.name, set()).update(MARK.findall(answer.content.decode("utf-8", "replace")))
    buildings = {row.mark for row in matrix.rows if row.layer == "buildings" and row.place and admin.sees(row)}
    assert len(found["planner4"] & buildings) >= 8
    assert found["nowhere3"] == set()


def test_profiles_count_what_the_asker_may_see(matrix: Matrix) -> None:
    for code in (DISTRICT, WEST, EAST):
        for asker in matrix.up_and_down():
            answer = matrix.get(asker, f"/blocks/{code}/profile")
            if asker.scope in ("nowhere", "company") or (asker.scope == "street" and code == EAST):
                assert answer.status_code == 403 or not matrix.find_hidden(asker, answer.content), (asker, code)
                continue
            assert answer.status_code == 200, (asker, code, answer.text)
            homes = {
                row.feature_id for row in matrix.rows
                if row.layer == "buildings" and asker.sees(row) and row.codes[0].startswith(code)
            }  # fmt: skip
            assert answer.json()["registers"]["buildings"]["count"] == len(homes), (asker, code)
            # What a sum adds up is of the second class, so of one feature it would be the value itself.
            if asker.access_class < 2:
                assert "987654" not in answer.text, (asker, code)


def test_search_and_place_find_what_the_asker_may_see(matrix: Matrix) -> None:
    rows = [row for row in matrix.rows if row.place and row.layer in ("buildings", "industrial_parks", "addresses")]
    for asker in (matrix.askers[name] for name in ("public", "west2", "west3", "company3", "planner2")):
        for row in rows[:: 1 if asker.name == "west3" else 3]:
            answer = matrix.get(asker, "/locate", params={"q": row.mark})
            assert answer.status_code == 200, answer.text
            # The answer repeats what was asked for: what it found is what counts.
            body = answer.json()
            body.pop("query", None)
            body.pop("q", None)
            found = json.dumps(body.get("results", body.get("candidates", body)), ensure_ascii=False)
            if not asker.sees(row):
                assert row.mark not in found, (asker, row)
        for x, y in CORNERS.values():
            answer = matrix.get(asker, "/locate", params={"point": f"{x + 0.0005},{y}"})
            assert not matrix.find_hidden(asker, answer.content), asker


def test_a_column_above_the_askers_class_is_no_filter_either(matrix: Matrix) -> None:
    for asker in matrix.up_and_down():
        answer = matrix.get(asker, "/registers/units", params={"filter": "occupancy=rented"})
        assert answer.status_code == (200 if asker.access_class >= 3 else 400), (asker, answer.text)
        for query in (
            {"filter": "summary LIKE 'told%'"},
            {"filter": '{"op":"like","args":[{"property":"summary"},"told%"]}', "filter-lang": "cql2-json"},
        ):
            answer = matrix.get(asker, "/collections/incidents/items", params=query)
            assert answer.status_code == (200 if asker.access_class >= 3 else 400), (asker, answer.text)
        for path in ("items", "export"):
            assert matrix.get(asker, f"/collections/incidents/{path}?summary=x").status_code in (
                (200, 400) if asker.access_class >= 3 else (400,)
            )


def test_no_route_that_anybody_can_read_says_what_is_out_of_reach(matrix: Matrix) -> None:
    kinds = ("told", "data", "own", "office", "file")
    templates = sorted(p for (m, p), kind in ROUTES.items() if m == "GET" and kind in kinds and p != STREAM)
    made = [row.feature_id for row in matrix.rows if row.layer == "units" and row.place]
    ids = (made[0], made[-1])
    broken: list[object] = []
    for template in templates:
        for path in fill(template, ids):
            for asker in (matrix.askers[name] for name in ("public", "west2", "company3", "planner2")):
                answer = matrix.get(asker, path)
                if answer.status_code >= 500 and answer.status_code != 503:
                    broken.append((asker.name, path, answer.status_code))
                if hidden := matrix.find_hidden(asker, answer.content):
                    broken.append((asker.name, path, sorted(hidden)[:3]))
    assert broken == []


def test_office_routes_are_for_their_roles_and_the_log_for_the_auditor_alone(matrix: Matrix) -> None:
    for asker in matrix.askers.values():
        may_read = asker.role in ("auditor", "admin") and asker.scope == "all"
        for path in ("/audit", "/audit/head"):
            assert matrix.get(asker, path).status_code == (200 if may_read else 403), (asker, path)
        may_manage = asker.role == "admin" and asker.scope == "all"
        assert matrix.get(asker, "/tokens").status_code == (200 if may_manage else 403), asker
        if asker.role == "auditor":
            assert all(
                feature["properties"].get("access_class", 1) == 1
                for feature in matrix.get(asker, "/collections/buildings/items").json()["features"]
            )


def test_the_stream_tells_each_of_what_it_may_see(matrix: Matrix) -> None:
    """All listen at once; then everything is touched, row by row, and each hears of its own alone."""
    names = [name for name in BATTERY if name != "public"]
    rows = {row.feature_id: row for row in matrix.rows if row.layer == "hazards"}
    told: dict[str, set[int]] = {name: set() for name in names}
    with ExitStack() as stack:
        streams = {}
        for name in names:
            headers = {"Authorization": f"Bearer {matrix.city.tokens[name]}"}
            client = stack.enter_context(httpx.Client(base_url=matrix.city.url, timeout=30))
            answer = stack.enter_context(client.stream("GET", "/stream?layers=hazards,roads", headers=headers))
            streams[name] = answer.iter_lines()
            for line in streams[name]:
                if line.startswith("data: "):
                    break
        for feature_id in rows:
            matrix.city.execute("UPDATE hazard SET description = 'touched' WHERE id = %s", feature_id)
        # A road of class 1 in the west, and one outside: whoever sees neither is told of nothing at the end.
        matrix.city.execute("UPDATE access_token SET label = label")
        ((head,),) = matrix.city.execute("SELECT max(seq) FROM change")
        for name in names:
            asker = matrix.askers[name]
            wanted = {feature_id for feature_id, row in rows.items() if asker.sees(row)}
            while wanted - told[name]:
                line = next(streams[name])
                if line.startswith("data: "):
                    body = json.loads(line[6:])
                    told[name] |= set(body.get("ids") or ())
                    if body.get("change_id", 0) >= head:
                        break
            assert told[name] == wanted, asker
