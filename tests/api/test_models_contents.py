# SPDX-License-Identifier: Apache-2.0
"""What models hold, over HTTP: collections asked by property, summaries, and the review of matches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.conftest import serve_clone
from tests.api.district import EAST
from tests.api.server import City
from twin.access import create_token
from twin.cluster import Cluster
from twin.database import transaction

_ROWS = """
    UPDATE element SET storey_global_id = 'storey', space_global_id = 'room', building_global_id = 'house',
        property_sets = '{"Pset_WallCommon": {"FireRating": "2h", "IsExternal": true, "ThermalTransmittance": 0.24},
                          "a.b": {"材质": ["砖", "石"]}}',
        source_units = '{"Qto_Wall": {"Length": "mm"}}', classifications = '{"GB/T 51269": ["14-10.20.03"]}',
        type_global_id = 'kind', type_name = 'W200', material_set = 1,
        inherited = '{"Pset_WallCommon": true}',
        geometry = (SELECT ST_Force3D(ST_Centroid(geometry)) FROM model)
    WHERE global_id = 'wall';
    INSERT INTO element (version_id, global_id, ifc_class, name, is_spatial, materials, property_sets, quantities,
                         is_meshed, block_code, access_class)
    SELECT id, 'door', 'IfcDoor', 'D1', false, '[]', '{"Pset_DoorCommon": {"FireRating": "1h"}}', '{}', true,
           block_code, 2 FROM model_version;
    INSERT INTO model_building (version_id, global_id, name, ifc_class, storeys, declared_gross_area, height,
                                block_code, access_class)
    SELECT id, 'house', 'House', 'IfcBuilding', 1, 120, 9, block_code, 2 FROM model_version;
    INSERT INTO model_storey (version_id, global_id, name, building_global_id, number, elevation, elements,
                              declared_net_area, block_code, access_class)
    SELECT id, 'storey', 'EG', 'house', 1, 0, 1, 50, block_code, 2 FROM model_version;
    INSERT INTO model_space (version_id, global_id, name, building_global_id, storey_global_id, storey_number, use,
                             net_area, floor_area, area_from, block_code, access_class, geometry)
    SELECT version.id, key, key, 'house', 'storey', 1, use, area, area, 'net', version.block_code, 2, model.geometry
    FROM model_version AS version JOIN model ON model.id = model_id,
         (VALUES ('room', 'bedroom', 20), ('hall', 'corridor', 10), ('closet', 'bedroom', 5)) AS of(key, use, area);
    INSERT INTO model_zone (version_id, global_id, name, ifc_class, object_type, spaces, block_code, access_class)
    SELECT id, 'flat', '户 201', 'IfcZone', '户', 0, block_code, 2 FROM model_version;
    INSERT INTO model_unit (version_id, global_id, name, number, unit_from, rule, storeys, spaces, block_code,
                            access_class)
    SELECT id, 'flat', '户 201', '201', 'zone', 'zone_object_type', 0, 0, block_code, 2 FROM model_version;
    INSERT INTO model_system (version_id, global_id, name, ifc_class, predefined_type, elements, block_code,
                              access_class)
    SELECT id, 'water', 'Cold water', 'IfcDistributionSystem', 'DOMESTICCOLDWATER', 0, block_code, 2
    FROM model_version;
    INSERT INTO model_member (version_id, group_global_id, member_global_id, block_code, access_class)
    SELECT id, held, member, block_code, 2 FROM model_version,
        (VALUES ('flat', 'room'), ('flat', 'hall'), ('water', 'wall')) AS of(held, member);
    INSERT INTO model_port (version_id, global_id, element_global_id, connected_element_global_id, block_code,
                            access_class)
    SELECT id, 'port', 'wall', 'door', block_code, 2 FROM model_version;
    INSERT INTO model_material (version_id, set_number, position, kind, material, thickness, block_code, access_class)
    SELECT id, 1, 1, 'layer', 'Brick', 0.2, block_code, 2 FROM model_version;
    INSERT INTO element_classification (version_id, global_id, system, code, title, is_inherited, block_code,
                                        access_class)
    SELECT id, 'wall', 'GB/T 51269', '14-10.20.03', '外墙', false, block_code, 2 FROM model_version;
    UPDATE building SET code = block_code || '00001' WHERE local_id = '99010100200101';
    UPDATE model SET building_id = NULL;
    INSERT INTO model_match (model_id, global_id, building_id, score, parts, state, block_code, access_class)
    SELECT model.id, 'house', building.id, 0.4, '{"reason": "low"}', 'proposed', model.block_code, 2
    FROM model, building WHERE building.local_id = '99010100200101';
    SELECT settle_model_version(id), face_model(model_id) FROM model_version;
"""


@pytest.fixture(scope="module")
def modelled(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A district whose one model has something of everything."""
    for city in serve_clone(cluster, template, tmp_path_factory.mktemp("modelled")):
        city.execute(_ROWS)
        with transaction(city.settings) as connection:
            city.tokens["steward"] = create_token(connection, "steward")
            city.tokens["far"] = create_token(connection, "steward", scope=["990101001"])
        yield city


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("\"property_sets.Pset_WallCommon.FireRating\" = '2h'", ["W1"]),
        ("property_sets.Pset_WallCommon.FireRating = '2h'", ["W1"]),
        ('"property_sets.Pset_WallCommon.IsExternal" = TRUE', ["W1"]),
        ('"property_sets.Pset_WallCommon.IsExternal"', ["W1"]),
        ('"property_sets.Pset_WallCommon.ThermalTransmittance" BETWEEN 0.2 AND 0.3', ["W1"]),
        ('"quantities.Qto_Wall.Length" * 2 > 8', ["W1"]),
        ('"quantities.Qto_Wall.Length" > 5', []),
        ("\"property_sets.a..b.材质\" LIKE '%石%'", ["W1"]),
        ("\"property_sets.Pset_DoorCommon.FireRating\" IN ('1h', '2h')", ["D1"]),
        ("\"classifications.GB/T 51269\" LIKE '14-%'", ["W1"]),
        ("ifc_class = 'IfcWall' AND \"property_sets.Pset_DoorCommon.FireRating\" IS NULL", ["W1"]),
        # What is no number is not compared as one: unknown, as what is not there.
        ('"property_sets.Pset_WallCommon.FireRating" > 1', []),
        ("storey = 'EG' AND building = 'House'", ["W1"]),
    ],
)
def test_elements_are_asked_for_by_any_property(modelled: City, condition: str, found: list[str]) -> None:
    with modelled.client("planner") as planner:
        answer = planner.get("/collections/elements/items", params={"filter": condition})
        assert answer.status_code == 200, answer.text
        assert [one["properties"]["name"] for one in answer.json()["features"]] == found


@pytest.mark.parametrize(
    "condition",
    [
        '"property_sets" = 1',
        "\"property_sets.\" = '1'",
        "\"secret.a.b\" = '1'",
        "\"property_sets.a.b\" = DATE('2026-01-01')",
    ],
)
def test_a_path_that_leads_nowhere_is_refused_with_what_to_write(modelled: City, condition: str) -> None:
    with modelled.client("planner") as planner:
        answer = planner.get("/collections/elements/items", params={"filter": condition})
        assert answer.status_code == 400
        assert "Traceback" not in answer.text


def test_the_queryables_say_how_paths_are_written(modelled: City) -> None:
    with modelled.client("planner") as planner:
        body = planner.get("/collections/elements/queryables").json()
        assert set(body["patternProperties"]) == {
            "^property_sets\\..+", "^quantities\\..+", "^classifications\\..+",
        }  # fmt: skip
        assert "property_sets.set.name" in body["patternProperties"]["^property_sets\\..+"]["description"]
        assert "patternProperties" not in planner.get("/collections/buildings/queryables").json()


@pytest.mark.parametrize(
    ("layer", "condition", "count"),
    [
        ("model_storeys", "number = 1 AND building = 'House'", 1),
        ("model_spaces", "use = 'bedroom' AND floor_area > 10", 1),
        ("model_zones", "floor_area = 30", 1),
        ("model_units", "number = '201' AND code IS NULL", 1),
        ("model_systems", "predefined_type = 'DOMESTICCOLDWATER' AND elements = 1", 1),
    ],
)
def test_storeys_spaces_zones_units_and_systems_are_collections(
    modelled: City, layer: str, condition: str, count: int
) -> None:
    with modelled.client("planner") as planner, modelled.client("west") as west, modelled.client() as public:
        path, params = f"/collections/{layer}/items", {"filter": condition}
        assert len(planner.get(path, params=params).json()["features"]) == count
        for other in (west, public):
            assert other.get(path, params=params).json()["features"] == []


def test_the_summary_has_areas_by_storey_and_use(modelled: City) -> None:
    with modelled.client("planner") as planner, modelled.client("west") as west:
        body = planner.get("/models/1/summary").json()
        (storey,) = body["storeys"]
        assert (storey["floor_area"], storey["declared_net_area"]) == (35, 50)
        assert [(use["use"], use["spaces"], use["floor_area"]) for use in storey["uses"]] == [
            ("bedroom", 2, 25), ("corridor", 1, 10),
        ]  # fmt: skip
        assert body["uses"][0] == {"use": "bedroom", "spaces": 2, "floor_area": 25}
        assert body["units"]["count"] == 1 and body["ports"] == {"count": 1, "connected": 0}
        assert (body["elements"], body["elements_without_storey"], body["elements_in_spaces"]) == (2, 1, 1)
        assert body["buildings"][0]["match"]["state"] in ("proposed", "confirmed")
        assert west.get("/models/1/summary").status_code == 404
        assert planner.get("/models/99/summary").status_code == 404


def test_the_properties_of_a_model_come_with_their_paths(modelled: City) -> None:
    with modelled.client("planner") as planner, modelled.client("west") as west:
        listed = planner.get("/models/1/properties").json()["properties"]
        paths = {one["path"]: one for one in listed}
        assert paths["property_sets.a..b.材质"]["kinds"] == ["array"]
        assert paths["quantities.Qto_Wall.Length"]["source_units"] == ["mm"]
        for path in paths:
            answer = planner.get("/collections/elements/items", params={"filter": f'"{path}" IS NOT NULL'})
            assert len(answer.json()["features"]) == paths[path]["elements"], path
        assert west.get("/models/1/properties").status_code == 404


def test_an_element_tells_its_layers_classes_groups_and_ports(modelled: City) -> None:
    with modelled.client("planner") as planner:
        body = planner.get("/models/1/elements/wall").json()
        assert body["material_layers"] == [
            {"position": 1, "kind": "layer", "material": "Brick", "category": None, "thickness": 0.2}
        ]
        assert body["classifications"][0]["code"] == "14-10.20.03"
        assert body["groups"] == [{"global_id": "water", "kind": "system", "name": "Cold water"}]
        assert body["ports"][0]["connected_element"] == "door"
        assert body["inherited"] == {"Pset_WallCommon": True} and body["source_units"] == {"Qto_Wall": {"Length": "mm"}}
        assert planner.get("/model-rules").json()["rules"]


def test_a_match_waits_for_the_steward_who_sees_it_and_its_confirmation_gives_codes(modelled: City) -> None:
    with (
        modelled.client("steward") as steward,
        modelled.client("planner") as planner,
        modelled.client("far") as far,
        modelled.client("east") as east,
    ):
        (match,) = steward.get("/model-matches").json()["matches"]
        assert (match["state"], match["parts"], match["building"]["code"]) == (
            "proposed", {"reason": "low"}, f"{EAST}0010100001",
        )  # fmt: skip
        path = f"/model-matches/{match['id']}"
        assert (
            planner.get("/model-matches").status_code == 403
            and east.post(path, json={"decision": "confirm"}).status_code == 403
        )
        assert far.get("/model-matches").json()["matches"] == []
        assert far.post(path, json={"decision": "confirm"}).status_code == 404
        assert steward.post(path, json={"decision": "perhaps"}).status_code in (400, 422)
        assert steward.post(path, json={"decision": "confirm"}).json() == {"id": match["id"], "state": "confirmed"}
        assert steward.get("/models/1").json()["building_id"] == match["building"]["id"]
        assert steward.get("/model-matches").json()["matches"] == []
        (decided,) = steward.get("/model-matches", params={"state": "confirmed", "model": 1}).json()["matches"]
        assert decided["decided_by"].startswith("token ")
        (told,) = steward.get("/collections/model_units/items").json()["features"]
        assert told["properties"]["code"] == f"{EAST}0010100001000201"
        assert steward.post("/model-matches/999", json={"decision": "reject"}).status_code == 404
