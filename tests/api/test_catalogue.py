# SPDX-License-Identifier: Apache-2.0
"""The catalogue over HTTP: OGC API Records, each with the records that he may know of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import serve_clone
from tests.api.district import EAST, WEST
from tests.api.server import City
from tests.api.test_datasets import GIVEN, load_parks
from twin.access import create_token
from twin.cluster import Cluster
from twin.database import transaction

ITEMS = "/collections/catalogue/items"


@pytest.fixture(scope="module")
def library(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A district with three datasets (a described one, one of class 3, one in the east alone) and a business layer."""
    for city in serve_clone(cluster, template, tmp_path_factory.mktemp("library")):
        load_parks(city.settings)
        load_parks(city.settings, "inner", access_class=3)
        load_parks(city.settings, "far")
        city.execute("DELETE FROM industrial_park WHERE source_id = 'far' AND block_code !~ %s", f"^{EAST}")
        city.execute("SELECT refresh_dataset(id) FROM dataset")
        with transaction(city.settings) as connection:
            city.tokens["steward"] = create_token(connection, "steward")
        with city.client("admin") as admin:
            for dataset in admin.get("/datasets").json()["datasets"]:
                if dataset["source_id"] == "office":
                    assert admin.put(f"/datasets/{dataset['id']}", json=GIVEN).status_code == 200
            layer = {"title": {"zh": "便利店", "en": "Shops"}, "owner": "商务局", "access_class": 2, "refresh_days": 30}
            assert admin.put("/business-layers/shops", json=layer).status_code == 201
        yield city


def read(client: httpx.Client, **parameters: str | int) -> dict[str, Any]:
    answer = client.get(ITEMS, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(page: dict[str, Any]) -> list[str]:
    return [record["id"] for record in page["features"]]


def find(client: httpx.Client, title: str) -> dict[str, Any]:
    (found,) = [r for r in read(client, limit=1000)["features"] if r["properties"]["titles"]["zh"] == title]
    return found


def test_the_catalogue_is_a_collection_of_records(library: City) -> None:
    with library.client() as anybody:
        listed = anybody.get("/collections").json()["collections"]
        (catalogue,) = [one for one in listed if one["itemType"] == "record"]
        assert catalogue["id"] == "catalogue" and listed[-1] == catalogue
        alone = anybody.get("/collections/catalogue").json()
        assert {name: alone[name] for name in catalogue if name != "links"} == {
            name: value for name, value in catalogue.items() if name != "links"
        }
        assert {link["rel"] for link in alone["links"]} >= {"self", "alternate", "items"}
        typed = anybody.get("/collections/catalogue", headers={"Accept": "application/ogc-catalog+json"})
        assert typed.headers["content-type"] == "application/ogc-catalog+json"
        declared = anybody.get("/conformance").json()["conformsTo"]
        assert set(catalogue["conformsTo"]) <= set(declared)
        for link in alone["links"]:
            assert anybody.get(link["href"]).status_code == 200, link


def test_there_is_a_record_of_every_dataset_layer_model_and_tileset(library: City) -> None:
    with library.client("admin") as admin:
        page = read(admin, limit=1000)
        assert page["numberMatched"] == page["numberReturned"] == len(set(ids(page)))
        kinds = {record["properties"]["type"] for record in page["features"]}
        assert kinds == {"dataset", "layer", "model", "tileset"}
        layers = [c["id"] for c in admin.get("/collections").json()["collections"] if c["itemType"] == "feature"]
        assert {f"layer-{layer}" for layer in layers} == {i for i in ids(page) if i.startswith("layer-")}
        assert "layer-shops" in ids(page) and "tileset-buildings" in ids(page)
        ((tileset, model),) = library.execute("SELECT id, model_id FROM tileset")
        assert {f"tileset-{tileset}", f"model-{model}"} <= set(ids(page))
        for record in page["features"]:
            alone = admin.get(f"{ITEMS}/{record['id']}").json()
            assert {name: alone[name] for name in ("id", "geometry", "time", "properties")} == {
                name: record[name] for name in ("id", "geometry", "time", "properties")
            }
            assert {"self", "alternate", "collection"} <= {link["rel"] for link in alone["links"]}
            for link in alone["links"]:
                if "3dtiles" not in link["type"] and link["rel"] != "enclosure":
                    assert admin.get(link["href"]).status_code == 200, link


def test_a_described_dataset_says_who_answers_for_it_and_how_fresh_it_is(library: City) -> None:
    with library.client("admin") as admin:
        record = find(admin, "园区名录")
        said = record["properties"]
        assert (said["title"], said["description"], said["rights"]) == ("Register of parks", "每月一次", "内部使用")
        assert said["contacts"] == [{"organization": "测试区住建局", "roles": ["owner"]}]
        assert said["externalIds"] == [{"scheme": "parks", "value": "office"}]
        assert said["language"]["code"] == "en" and [one["code"] for one in said["languages"]] == ["zh", "en"]
        assert (said["features"], said["crs"], said["access_class"]) == (3, "EPSG:4490", 2)
        assert said["coverage"] == round(3 / 16, 4) and 0 < said["completeness"] < 1
        assert said["updated"].endswith("Z") and said["is_overdue"] is False and said["refresh_days"] == 30
        west, south = record["geometry"]["coordinates"][0][0]
        assert (west, south) == (114.001, 22.501)
        assert "园区科数据岗" not in admin.get(ITEMS, params={"limit": 1000}).text
        told = admin.get(f"{ITEMS}/{record['id']}", headers={"Accept-Language": "zh"})
        assert told.headers["content-language"] == "zh" and told.json()["properties"]["title"] == "园区名录"


def test_each_is_told_of_what_he_may_know_and_nothing_else(library: City) -> None:
    seen = {}
    for name in (None, "wall", "west", "east", "admin"):
        with library.client(name) as client:
            page = read(client, type="dataset", limit=1000)
            assert page["numberMatched"] == len(page["features"])
            seen[name] = {record["properties"]["externalIds"][0]["value"]: record for record in page["features"]}
    assert {name: set(one) for name, one in seen.items()} == {
        None: set(), "wall": {"office", "far"}, "west": {"office", "inner"}, "east": {"office", "inner", "far"},
        "admin": {"office", "inner", "far"},
    }  # fmt: skip
    assert seen["west"]["office"]["properties"]["features"] == 2
    assert seen["east"]["office"]["properties"]["features"] == 1
    assert seen["east"]["office"]["geometry"]["coordinates"][0][0][0] > 114.04
    hidden = seen["admin"]["far"]["id"]
    with library.client("west") as west, library.client() as anybody:
        for client, record in ((west, hidden), (anybody, hidden), (anybody, "layer-shops"), (anybody, "model-1")):
            assert client.get(f"{ITEMS}/{record}").status_code == 404
            assert read(client, ids=record)["numberMatched"] == 0
        assert not [i for i in ids(read(west, limit=1000)) if i.startswith("model-")]
        assert "运营公司" not in anybody.get(ITEMS, params={"limit": 1000}).text


@pytest.mark.parametrize(("q", "found"), [
    ("园区名", True), ("REGISTER of   parks", True), ("parks of register", False), ("不存在, 名录", True),
    ("yuanqu", True), ("yqml", True), ("住建局", True), ("园区 住建", False), ("zzz", False),
])  # fmt: skip
def test_words_are_found_in_chinese_english_and_pinyin(library: City, q: str, found: bool) -> None:
    with library.client("admin") as admin:
        record = find(admin, "园区名录")["id"]
        assert (record in ids(read(admin, q=q, limit=1000))) is found


def test_records_are_narrowed_by_place_time_type_and_ids(library: City) -> None:
    with library.client("admin") as admin:
        own = find(admin, "园区名录")["id"]
        everything = set(ids(read(admin, limit=1000)))
        assert own in ids(read(admin, bbox="114.0,22.5,114.0015,22.5015", limit=1000))
        assert own not in ids(read(admin, bbox="10,10,11,11", limit=1000))
        assert set(ids(read(admin, type="model,tileset", limit=1000))) == {
            i for i in everything if i.startswith(("model-", "tileset-"))
        }
        assert ids(read(admin, ids=f"{own},layer-blocks,nothing")) == sorted([own, "layer-blocks"])
        for text in ("office", "parks:office", "other,parks:office"):
            assert ids(read(admin, externalIds=text)) == [own]
        assert own in ids(read(admin, externalIds="parks:")) and len(ids(read(admin, externalIds="parks:"))) == 3
        old = ids(read(admin, datetime="../2001-01-01T00:00:00Z", limit=1000))
        assert "layer-incidents" not in old and "layer-blocks" in old
        assert "layer-incidents" in ids(read(admin, datetime="2001-01-01T00:00:00Z/..", limit=1000))


def test_cql2_asks_records_as_it_asks_features(library: City) -> None:
    with library.client("admin") as admin:
        own = find(admin, "园区名录")["id"]
        assert ids(read(admin, filter="owner = '测试区住建局' AND updated > DATE('2001-01-01')")) == [own]
        assert own in ids(
            read(admin, filter="S_INTERSECTS(geometry, BBOX(114,22.5,114.0015,22.5015)) AND features = 3")
        )
        tree = '{"op":"=","args":[{"property":"id"},"layer-blocks"]}'
        assert ids(read(admin, filter=tree, **{"filter-lang": "cql2-json"})) == ["layer-blocks"]
        queryables = admin.get("/collections/catalogue/queryables").json()["properties"]
        anything = " OR ".join(f'"{name}" IS NOT NULL' for name in queryables)
        assert read(admin, filter=anything, limit=1000)["numberMatched"] == read(admin)["numberMatched"]


@pytest.mark.parametrize("sortby", ["", "-updated", "title,-type", "owner", "-coverage,features", "+type,-id"])
def test_pages_in_any_order_hold_every_record_once(library: City, sortby: str) -> None:
    with library.client("admin") as admin:
        parameters = {"sortby": sortby} if sortby else {}
        whole = ids(read(admin, limit=1000, **parameters))
        page = read(admin, limit=5, **parameters)
        found = ids(page)
        while following := [link["href"] for link in page["links"] if link["rel"] == "next"]:
            page = admin.get(following[0]).json()
            assert page["numberMatched"] == len(whole)
            found += ids(page)
        assert found == whole and len(set(found)) == len(found)
        assert set(admin.get("/collections/catalogue/sortables").json()["properties"]) >= {"id", "title", "updated"}


@pytest.mark.parametrize("query", [
    "x=1", "bbox=1,2", "datetime=yesterday", "limit=0", "cursor=abc", "cursor=W10", "sortby=nothing", "type=",
    "filter=nothing%3D1", "filter-lang=sql", "f=csv", "sortby=-updated&cursor=W1siLXVwZGF0ZWQiLCJpZCJdLFsieCIsInkiXV0",
])  # fmt: skip
def test_what_is_asked_wrongly_is_refused_and_named(library: City, query: str) -> None:
    with library.client("admin") as admin:
        answer = admin.get(f"{ITEMS}?{query}")
        assert answer.status_code == 400, answer.text
        assert answer.json()["parameter"]


def test_copies_heads_and_forms_are_as_everywhere(library: City) -> None:
    with library.client("admin") as admin:
        for path in ("/collections/catalogue", ITEMS, f"{ITEMS}/layer-blocks", "/collections/catalogue/queryables"):
            answer = admin.get(path)
            again = admin.get(path, headers={"If-None-Match": answer.headers["etag"]})
            assert again.status_code == 304 and again.headers["cache-control"] == "private, no-cache"
            head = admin.head(path)
            assert head.status_code == 200 and not head.content and head.headers["etag"] == answer.headers["etag"]
        for path in ("/collections/catalogue", ITEMS, f"{ITEMS}/layer-blocks"):
            page = admin.get(path, headers={"Accept": "text/html"})
            assert page.headers["content-type"].startswith("text/html") and "<script" not in page.text
            assert admin.get(path, headers={"Accept": "image/png"}).status_code == 406
        assert admin.get(f"{ITEMS}/nothing").status_code == 404


def test_no_layer_can_have_the_name_of_the_catalogue(live_city: City) -> None:
    with live_city.client("admin") as admin:
        given = {"title": {"zh": "目录"}}
        assert admin.put("/business-layers/catalogue", json=given).status_code == 409
        live_city.execute("INSERT INTO business_layer (code, title, created_by) VALUES ('catalogue', '别的', 'test')")
        assert admin.put("/business-layers/others", json=given).status_code == 201
        listed = [one["id"] for one in admin.get("/collections").json()["collections"]]
        assert listed.count("catalogue") == 1 and "others" in listed
        assert admin.get("/collections/catalogue").json()["itemType"] == "record"


def test_an_owner_that_looks_like_a_person_is_not_told(live_city: City) -> None:
    with live_city.client("admin") as admin:
        given = {"title": {"zh": "店"}, "owner": "联系 13800138000", "access_class": 1}
        assert admin.put("/business-layers/shops", json=given).status_code == 201
        record = admin.get(f"{ITEMS}/layer-shops").json()
        assert record["properties"]["contacts"] == []


def test_a_street_that_a_dataset_promises_is_what_its_coverage_is_of(live_city: City) -> None:
    load_parks(live_city.settings)
    live_city.execute("UPDATE dataset SET block_code = %s", WEST)
    with live_city.client("admin") as admin:
        (record,) = read(admin, type="dataset")["features"]
        assert record["properties"]["coverage"] == admin.get("/datasets").json()["datasets"][0]["coverage"] == 0.25
