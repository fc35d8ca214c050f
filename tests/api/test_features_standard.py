# SPDX-License-Identifier: Apache-2.0
"""OGC API Features Parts 1 and 2, by the abstract tests of the standards and what the official suite looks at."""

from __future__ import annotations

import gzip
import itertools
import re
import subprocess
import sys
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import brotli
import httpx
import jsonschema
import numpy as np
import pytest
import shapely
from pyproj import Transformer
from schemathesis.specs.openapi.definitions import OPENAPI_30

from api.http.parameters import MAX_LIMIT
from tests.api.district import DISTRICT, GRIDS, WEST
from tests.api.server import City

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
GEOJSON = "application/geo+json"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = (
    "/", "/conformance", "/api", "/collections", "/collections/buildings", "/collections/incidents/items",
    "/collections/blocks/items/1",
)  # fmt: skip


def by_rel(links: list[dict[str, Any]], rel: str) -> list[dict[str, Any]]:
    found = [link for link in links if link["rel"] == rel]
    assert all(link["href"].startswith("http") and link["type"] for link in found)
    return found


def check_self_and_alternates(document: dict[str, Any], own: str, others: set[str]) -> None:
    """fc-md-links, fc-links, f-links: one `self`, an `alternate` for every other form."""
    (here,) = by_rel(document["links"], "self")
    assert here["type"] == own
    assert others <= {link["type"] for link in by_rel(document["links"], "alternate")}


def items(client: httpx.Client, layer: str, **params: str | float) -> dict[str, Any]:
    answer = client.get(f"/collections/{layer}/items", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids_of(page: dict[str, Any]) -> set[int]:
    return {feature["id"] for feature in page["features"]}


@pytest.fixture(scope="module")
def document(city: City) -> dict[str, Any]:
    with city.client() as client:
        answer = client.get("/api", headers={"Accept": "application/vnd.oai.openapi+json;version=3.0"})
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    return answer.json()


def test_the_landing_page_leads_everywhere(city: City) -> None:
    with city.client() as client:
        landing = client.get("/").json()
        check_self_and_alternates(landing, "application/json", {"text/html"})
        (described,) = by_rel(landing["links"], "service-desc")
        assert described["type"] == "application/vnd.oai.openapi+json;version=3.0"
        for rel in ("service-desc", "service-doc", "conformance", "data", "alternate"):
            for link in by_rel(landing["links"], rel):
                answer = client.get(link["href"])
                assert answer.status_code == 200
                assert answer.headers["content-type"].split(";")[0] == link["type"].split(";")[0]
        declared = client.get("/conformance").json()["conformsTo"]
    for name in ("core", "oas30", "html", "geojson"):
        assert f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" in declared
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in declared


def test_collections_say_extent_crs_and_forms(city: City) -> None:
    with city.client("admin") as admin:
        listed = admin.get("/collections").json()
        check_self_and_alternates(listed, "application/json", {"text/html"})
        assert listed["crs"] == [CRS84, f"{EPSG}4326", f"{EPSG}4490", f"{EPSG}3857", f"{EPSG}4547"]
        for collection in (one for one in listed["collections"] if one["itemType"] == "feature"):
            alone = admin.get(f"/collections/{collection['id']}").json()
            check_self_and_alternates(alone, "application/json", {"text/html"})
            # The same in both places, but that the list of all names the CRSs once.
            for name in ("id", "title", "description", "extent", "storageCrs", "itemType"):
                assert alone[name] == collection[name]
            assert (collection["crs"], alone["crs"]) == (["#/crs"], listed["crs"])
            assert alone["storageCrs"] == f"{EPSG}4490" and alone["itemType"] == "feature"
            assert alone["extent"]["spatial"]["crs"] == CRS84
            forms = by_rel(alone["links"], "items")
            assert forms[0]["type"] == GEOJSON and "?" not in forms[0]["href"]
            assert {link["type"] for link in forms} > {
                GEOJSON, "text/html", "text/csv", "application/flatgeobuf", "application/geopackage+sqlite3",
            }  # fmt: skip
            assert all(link["rel"] and link["type"] for link in alone["links"])


def test_an_extent_holds_every_feature_in_space_and_time(live_city: City) -> None:
    live_city.execute(
        "INSERT INTO incident (source_id, local_id, block_code, occurred_at, geometry) VALUES "
        "('far', 'fiji', '~', '2001-02-03T04:05:06Z', ST_SetSRID(ST_Point(179.5, -17), 4490))"
    )
    with live_city.client("admin") as admin, live_city.client("west") as west:
        far, near = (client.get("/collections/incidents").json()["extent"] for client in (admin, west))
        assert far["spatial"]["bbox"] == [[114.0, -17.0, 179.5, 22.54]]
        assert near["spatial"]["bbox"] == [[114.0, 22.5, 114.08, 22.54]]
        ((first, last),) = far["temporal"]["interval"]
        assert datetime.fromisoformat(first) == datetime.fromisoformat("2001-02-03T04:05:06Z")
        assert datetime.fromisoformat(last) > datetime.fromisoformat(near["temporal"]["interval"][0][0])
        assert "temporal" not in admin.get("/collections/buildings").json()["extent"]


def test_a_page_has_links_numbers_and_the_time(city: City) -> None:
    before = datetime.now().astimezone()
    with city.client("admin") as admin:
        answer = admin.get("/collections/buildings/items", params={"limit": 3, "count": "exact"})
        page = answer.json()
        (following,) = by_rel(page["links"], "next")
        assert following["type"] == GEOJSON
        rest = admin.get(following["href"]).json()
    assert answer.headers["content-type"] == GEOJSON and answer.headers["content-crs"] == f"<{CRS84}>"
    check_self_and_alternates(page, GEOJSON, {"text/html", "text/csv", "application/flatgeobuf"})
    assert by_rel(page["links"], "collection")[0]["href"].endswith("/collections/buildings")
    assert page["type"] == "FeatureCollection" and page["numberReturned"] == len(page["features"]) == 3
    assert page["numberMatched"] == GRIDS + 1
    assert abs((datetime.fromisoformat(page["timeStamp"]) - before).total_seconds()) < 60
    assert not ids_of(page) & ids_of(rest)


def test_a_feature_has_links(city: City) -> None:
    with city.client("admin") as admin:
        (one,) = items(admin, "buildings", limit=1)["features"]
        feature = admin.get(f"/collections/buildings/items/{one['id']}").json()
        check_self_and_alternates(feature, GEOJSON, {"text/html"})
        assert by_rel(feature["links"], "collection")
        assert {name: feature[name] for name in one} == one


@pytest.mark.parametrize("box", [
    "-1.5,50.0,1.5,53.0", "-80.0,-5.0,-70.0,5.0", "177.0,65.0,-177.0,70.0", "-180.0,85.0,180.0,90.0",
    "-180.0,-90.0,180.0,-85.0",
])  # fmt: skip
def test_a_box_elsewhere_is_empty_and_no_error(city: City, box: str) -> None:
    with city.client("admin") as admin:
        assert items(admin, "buildings", bbox=box)["features"] == []


def test_what_has_no_place_is_in_every_box(live_city: City) -> None:
    live_city.execute("UPDATE incident SET geometry = NULL WHERE local_id = 'restricted'")
    with live_city.client("admin") as admin:
        (found,) = items(admin, "incidents", bbox="0,0,1,1")["features"]
        assert found["geometry"] is None and found["properties"]["incident_no"] == "restricted"
        page = admin.get(f"/collections/incidents/items/{found['id']}", headers=BROWSER)
        assert "place not known" in page.text


@pytest.mark.parametrize(("asked", "is_found"), [
    ("{t}", True), ("{t}/{t}", True), ("../{t}", True), ("{t}/..", True), ("/{t}", True), ("{t}/", True),
    ("{day}/P2D", True), ("PT1H/{t}", True), ("2001-01-01/2001-01-02", False), ("2001-01-01/P1Y", False),
    ("2001-01-01T00:00:00Z", False), ("2001-01-01T00:00:00+08:00/PT1H30M", False),
])  # fmt: skip
def test_datetime_is_an_instant_or_an_interval(city: City, asked: str, is_found: bool) -> None:
    ((number, moment),) = city.execute(
        "SELECT id, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM incident "
        "WHERE occurred_at IS NOT NULL ORDER BY occurred_at LIMIT 1"
    )
    with city.client("admin") as admin:
        interval = asked.format(t=moment, day=str(moment)[:10].replace(str(moment)[:10], _day_before(str(moment))))
        found = items(admin, "incidents", datetime=interval, limit=MAX_LIMIT)["features"]
    assert (number in {f["id"] for f in found}) is is_found
    # What is associated with no moment is always among them.
    assert [f["properties"]["incident_no"] for f in found if f["properties"]["occurred_at"] is None] == ["restricted"]


def _day_before(moment: str) -> str:
    ordinal = datetime.fromisoformat(moment).toordinal()
    return datetime.fromordinal(ordinal - 1).date().isoformat()


def test_a_limit_above_the_most_is_taken_for_the_most(city: City) -> None:
    with city.client("admin") as admin:
        assert items(admin, "buildings", limit=MAX_LIMIT + 1)["numberReturned"] == GRIDS + 1
        assert items(admin, "buildings", limit="9" * 40)["numberReturned"] == GRIDS + 1


@pytest.mark.parametrize("query", [
    "limit=unlimited", "limit=0", "unknownQueryParameter12345=1", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,2,3,4,5,6,7",
    "bbox=0,0,9,1,1,1", "bbox=0,10,1,0", "bbox=114,22,inf,23", "datetime=..", "datetime=../..", "datetime=2020-13-01",
    "datetime=2020-01-01/P", "datetime=2020-01-01/2020-01-02/2020-01-03", "crs=EPSG:9999", "crs=x",
    f"crs={EPSG}2000", "bbox-crs=EPSG:2000", f"bbox=1,2,3,4&bbox-crs={EPSG}2000", "f=shp", "f=", "storeys_above=many",
    "count=some", "crs=%00", "name=%00", "datetime=%00",
    f"bbox=9e8,9e8,99e7,99e7&bbox-crs={EPSG}4547", f"bbox=10,0,9,1&bbox-crs={EPSG}3857",
])  # fmt: skip
def test_a_wrong_value_or_an_unknown_name_is_400_and_named(city: City, query: str) -> None:
    with city.client("admin") as admin:
        answer = admin.get(f"/collections/buildings/items?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["parameter"] in query or answer.json()["parameter"] == "bbox"


def test_a_property_is_a_parameter(city: City) -> None:
    with city.client("admin") as admin:
        assert items(admin, "buildings", use="public", count="exact")["numberMatched"] == 1
        assert items(admin, "buildings", use="residential", storeys_above=6, count="exact")["numberMatched"] == GRIDS
        assert items(admin, "buildings", use="residential", storeys_above=7)["features"] == []
        assert items(admin, "buildings", height=12.0)["features"][0]["properties"]["name"] == "图书馆"
        assert len(items(admin, "incidents", state="closed", severity=4, block=WEST)["features"]) == 2
        (one, *_) = items(admin, "incidents")["features"]
        assert ids_of(items(admin, "incidents", occurred_at=one["properties"]["occurred_at"])) == {one["id"]}
    # A property of class 3 is none for who may not see it: there is nothing to be guessed by it.
    with city.client("wall") as wall:
        assert wall.get("/collections/incidents/items?summary=x").status_code == 400
    with city.client("planner") as planner:
        assert planner.get("/collections/incidents/items?summary=x").status_code == 200


@pytest.mark.parametrize(("crs", "srid", "is_flipped", "decimals"), [
    (CRS84, None, False, 7), (f"{EPSG}4326", None, True, 7), (f"{EPSG}4490", None, True, 7),
    (f"{EPSG}3857", 3857, False, 3), (f"{EPSG}4547", 4547, True, 3),
])  # fmt: skip
def test_coordinates_are_in_the_crs_and_the_order_of_its_axes(
    city: City, crs: str, srid: int | None, is_flipped: bool, decimals: int
) -> None:
    with city.client("admin") as admin:
        plain = items(admin, "buildings", limit=2)["features"]
        answer = admin.get("/collections/buildings/items", params={"limit": 2, "crs": crs})
        alone = admin.get(f"/collections/buildings/items/{plain[0]['id']}", params={"crs": crs})
    assert answer.headers["content-crs"] == alone.headers["content-crs"] == f"<{crs}>"
    features = answer.json()["features"]
    assert alone.json()["geometry"] == features[0]["geometry"]
    for feature, before in zip(features, plain, strict=True):
        wanted = shapely.geometry.shape(before["geometry"])
        if srid is not None:
            move = Transformer.from_crs(4490, srid, always_xy=True).transform
            wanted = shapely.transform(wanted, lambda xy, move=move: np.column_stack(move(xy[:, 0], xy[:, 1])))
        if is_flipped:
            wanted = shapely.transform(wanted, lambda xy: xy[:, ::-1])
        written = shapely.geometry.shape(feature["geometry"])
        assert shapely.equals_exact(written, wanted, tolerance=1e-7 if srid is None else 2e-2)
    assert not re.search(rf"\d\.\d{{{decimals + 1},}}", str([f["geometry"] for f in features]))


def test_a_box_is_understood_in_its_crs(city: City) -> None:
    box = (114.003, 22.502, 114.021, 22.512)
    with city.client("admin") as admin:
        wanted = ids_of(items(admin, "buildings", bbox=",".join(map(str, box))))
        assert 0 < len(wanted) < GRIDS
        for code in ("4326", "4490"):
            flipped = f"{box[1]},{box[0]},{box[3]},{box[2]}"
            assert ids_of(items(admin, "buildings", **{"bbox": flipped, "bbox-crs": EPSG + code})) == wanted
            heights = f"{box[1]},{box[0]},-5,{box[3]},{box[2]},900"
            assert ids_of(items(admin, "buildings", **{"bbox": heights, "bbox-crs": EPSG + code})) == wanted
            # Latitude first is what it says: the other order is outside of the Earth.
            refused = {"bbox": ",".join(map(str, box)), "bbox-crs": EPSG + code}
            assert admin.get("/collections/buildings/items", params=refused).status_code == 400
        west, south, east, north = Transformer.from_crs(4490, 3857, always_xy=True).transform_bounds(*box)
        mercator = {"bbox": f"{west},{south},{east},{north}", "bbox-crs": f"{EPSG}3857"}
        assert ids_of(items(admin, "buildings", **mercator)) == wanted
        west, south, east, north = Transformer.from_crs(4490, 4547, always_xy=True).transform_bounds(*box)
        zone = {"bbox": f"{south},{west},{north},{east}", "bbox-crs": f"{EPSG}4547"}
        assert ids_of(items(admin, "buildings", **zone)) == wanted
        world = {"bbox": "-99e6,-99e6,99e6,99e6", "bbox-crs": f"{EPSG}3857"}
        assert len(items(admin, "buildings", **world)["features"]) == GRIDS + 1


def test_a_box_in_metres_is_one_in_metres(live_city: City) -> None:
    """Away from the zone's meridian its grid is turned against the degrees: the corners of a cover are not in it."""
    at = Transformer.from_crs(4547, 4490, always_xy=True).transform
    corner, inside = at(620_010.0, 2_500_990.0), at(620_500.0, 2_500_500.0)
    beside = (at(620_000.0, 2_500_000.0)[0] - 0.000001, corner[1])
    live_city.execute(
        "INSERT INTO incident (source_id, local_id, block_code, geometry) VALUES "
        "('zone', 'corner', '~', ST_SetSRID(ST_Point(%s, %s), 4490)),"
        "('zone', 'inside', '~', ST_SetSRID(ST_Point(%s, %s), 4490)),"
        "('zone', 'beside', '~', ST_SetSRID(ST_Point(%s, %s), 4490))",
        *corner, *inside, *beside,
    )  # fmt: skip
    with live_city.client("admin") as admin:
        asked = {"bbox": "2500000,620000,2501000,621000", "bbox-crs": f"{EPSG}4547"}
        found = items(admin, "incidents", **asked)["features"]
    assert {f["properties"]["incident_no"] for f in found} == {"corner", "inside"}


@pytest.mark.parametrize("path", PAGES)
def test_every_resource_is_a_page_for_people_in_their_language(city: City, path: str) -> None:
    with city.client("admin") as admin:
        english = admin.get(path, headers=BROWSER)
        chinese = admin.get(path, headers=BROWSER | {"Accept-Language": "zh-CN"})
        machine = admin.get(path)
        asked = admin.get(path, params={"f": "html"})
    assert machine.headers["content-type"].partition(";")[0].endswith("json")
    for page, language in ((english, "en"), (chinese, "zh-CN"), (asked, "en")):
        assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
        assert f'<html lang="{language}"' in page.text and "<script" not in page.text
        assert 'name="viewport"' in page.text
        assert "accept" in page.headers["vary"].lower()


def test_a_page_of_features_is_a_table_with_a_link_to_the_next(city: City) -> None:
    with city.client("admin") as admin:
        seen: set[str] = set()
        url: str | None = "/collections/buildings/items?limit=9&f=html"
        for _ in range(3):
            if url is None:
                break
            text = admin.get(url).text
            seen |= set(re.findall(r'href="/collections/buildings/items/(\d+)"', text))
            following = re.search(r'<a rel="next" href="([^"]+)"', text)
            url = following.group(1).replace("&amp;", "&") if following else None
        assert len(seen) == GRIDS + 1 and url is None
        assert "Residential" in admin.get("/collections/buildings/items", headers=BROWSER).text
        one = admin.get(f"/collections/buildings/items/{min(seen, key=int)}", headers=BROWSER)
        assert "Polygon" in one.text


def test_no_text_of_a_feature_is_markup(live_city: City) -> None:
    live_city.execute("UPDATE building SET name = '<script>alert(1)</script>&\"'")
    with live_city.client("admin") as admin:
        for path in ("/collections/buildings/items", "/collections/buildings/items/1"):
            assert "<script" not in admin.get(path, headers=BROWSER).text


@pytest.mark.parametrize("path", PAGES)
def test_a_form_that_nobody_has_is_406(city: City, path: str) -> None:
    with city.client("admin") as admin:
        answer = admin.get(path, headers={"Accept": "image/png, text/turtle;q=0.5, */*;q=0"})
        assert answer.status_code == 406 and answer.headers["content-type"] == "application/problem+json"
        assert admin.get(path, headers={"Accept": "image/png, */*;q=0.1"}).status_code == 200
        weighed = admin.get(path, headers={"Accept": "text/html;q=0.2, application/json;q=0.3"})
        assert "json" in weighed.headers["content-type"]
        assert admin.get(path, params={"f": "html"}, headers={"Accept": "image/png"}).status_code == 200


def test_a_large_text_goes_out_compressed_where_that_is_asked_for(city: City) -> None:
    path = "/collections/blocks/items?limit=100"
    with city.client("admin") as admin:
        plain = admin.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers and "Accept-Encoding" in plain.headers["vary"]
        for asked, coding, unpack in (
            ("gzip", "gzip", gzip.decompress),
            ("br", "br", brotli.decompress),
            ("gzip, deflate, br", "br", brotli.decompress),
            ("br;q=0.1, gzip;q=0.9", "gzip", gzip.decompress),
        ):
            with admin.stream("GET", path, headers={"Accept-Encoding": asked}) as packed:
                body = b"".join(packed.iter_raw())
            assert packed.headers["content-encoding"] == coding and "Accept-Encoding" in packed.headers["vary"]
            assert len(body) == int(packed.headers["content-length"]) < len(plain.content) / 2
            assert unpack(body)[:1000] == plain.content[:1000]
        one = "/collections/buildings"
        tags = {
            encoding: admin.get(one, headers={"Accept-Encoding": encoding}).headers["etag"]
            for encoding in ("identity", "gzip", "br")
        }
        # Other bytes, another tag; and each is known again.
        assert len(set(tags.values())) == 3
        for encoding, tag in tags.items():
            again = admin.get(one, headers={"Accept-Encoding": encoding, "If-None-Match": tag})
            assert again.status_code == 304 and again.headers["etag"] == tag


def test_the_description_is_openapi_30_with_the_parameters_of_the_standard(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.0.") and document["servers"][0]["url"].startswith("http")
    operations = [(path, operation) for path, some in document["paths"].items() for operation in some.values()]
    names = [operation["operationId"] for _, operation in operations]
    assert len(names) == len(set(names))
    assert not re.search(r'"type": ?"null"|"const":|HTTPValidationError|prefixItems', str(document).replace("'", '"'))
    for path in ("/collections/{layer_id}/items", "/collections/buildings/items", "/incidents"):
        parameters = {p["name"]: p for p in document["paths"][path]["get"]["parameters"]}
        for name in ("bbox", "limit", "datetime", "crs", "bbox-crs"):
            one = parameters[name]
            assert (one["in"], one["required"], one["style"], one["explode"]) == ("query", False, "form", False)
        box = parameters["bbox"]["schema"]
        assert (box["type"], box["items"]) == ("array", {"type": "number"})
        assert [(one["minItems"], one["maxItems"]) for one in box["oneOf"]] == [(4, 4), (6, 6)]
        assert parameters["limit"]["schema"] == {
            "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 100,
        }  # fmt: skip
        assert parameters["datetime"]["schema"]["type"] == "string"
    own = {p["name"] for p in document["paths"]["/collections/buildings/items"]["get"]["parameters"]}
    assert {"use", "height", "storeys_above"} <= own


_READ_BY_GDAL = """
import sys, pyogrio
for crs in sys.argv[2:]:
    frame = pyogrio.read_dataframe(sys.argv[1], layer="blocks", CRS=crs, PAGE_SIZE="9")
    print(len(frame), len(set(frame["code"])), frame.crs.to_string(), frame.total_bounds[0])
"""


def test_the_description_is_valid(document: dict[str, Any]) -> None:
    jsonschema.validate(document, OPENAPI_30)


def test_gdal_reads_a_collection_in_each_crs(city: City) -> None:
    # In a process of its own: GDAL keeps the interpreter from serving while it asks.
    asked = [sys.executable, "-c", _READ_BY_GDAL, f"OAPIF:{city.url}", "OGC:CRS84", "EPSG:4490", "EPSG:4547"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout
    for line, crs, west in zip(
        told.splitlines(), (("OGC:CRS84", "EPSG:4326"), ("EPSG:4490",), ("EPSG:4547",)), (114, 114, 5e5), strict=True
    ):
        count, distinct, read, first = line.split()
        assert (count, distinct) == ("23", "23") and read in crs
        assert float(first) == pytest.approx(west, abs=1e-3)


def test_what_is_answered_is_what_is_described(city: City, document: dict[str, Any]) -> None:
    described = document["components"]["schemas"]
    schemas = {f"#/components/schemas/{name}": schema for name, schema in described.items()}

    def resolve(node: Any) -> Any:
        if isinstance(node, list):
            return [resolve(one) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return resolve(schemas[node["$ref"]])
        read = {name: resolve(value) for name, value in node.items() if name != "nullable"}
        return {"anyOf": [read, {"type": "null"}]} if node.get("nullable") is True else read

    with city.client("admin") as admin:
        for path, operation in (
            ("/", "/"), ("/conformance", "/conformance"), ("/collections", "/collections"),
            ("/collections/roads", "/collections/{layer_id}"), ("/incidents", "/incidents"),
            ("/collections/blocks/items", "/collections/{layer_id}/items"),
            ("/collections/blocks/items/1", "/collections/{layer_id}/items/{feature_id}"),
        ):  # fmt: skip
            answer = admin.get(path)
            content = document["paths"][operation]["get"]["responses"]["200"]["content"]
            schema = content[answer.headers["content-type"].partition(";")[0]]["schema"]
            jsonschema.validate(answer.json(), resolve(schema))
        problem = admin.get("/collections/blocks/items?limit=0").json()
    jsonschema.validate(problem, resolve(described["problem"]))


def test_a_next_link_keeps_what_was_asked(city: City) -> None:
    asked = {"limit": "2", "crs": f"{EPSG}4547", "bbox": "22.5,114,22.52,114.05", "bbox-crs": f"{EPSG}4490",
             "use": "residential", "block": DISTRICT}  # fmt: skip
    with city.client("admin") as admin:
        whole = ids_of(items(admin, "buildings", **(asked | {"limit": 100})))
        found: list[int] = []
        url: str | None = f"/collections/buildings/items?{urlencode(asked)}"
        while url is not None:
            answer = admin.get(url)
            assert answer.headers["content-crs"] == f"<{EPSG}4547>"
            page = answer.json()
            found += [f["id"] for f in page["features"]]
            url = next((link["href"] for link in by_rel(page["links"], "next")), None)
    assert len(found) == len(set(found)) and set(found) == whole and len(whole) > 2
    assert all(a < b for a, b in itertools.pairwise(found))
