-- SPDX-License-Identifier: Apache-2.0
-- Rows for the layers of which the test district has none or a few, enough for several pages of each.
-- Everything is invented.
CREATE TEMP TABLE place AS
SELECT code AS block_code, n, (row_number() OVER (ORDER BY code, n))::int AS number,
       ST_XMin(geometry) + 0.002 + n * 0.006 AS x, ST_YMin(geometry) + 0.002 + n * 0.003 AS y
FROM block, generate_series(0, 1) AS n WHERE level = 4;

INSERT INTO road (source_id, local_id, name, road_class, width, block_code, access_class, geometry)
SELECT 'test', number::text, '路 ' || number, 'secondary', 12.5, block_code, 1,
       ST_SetSRID(ST_MakeLine(ARRAY[ST_Point(x, y), ST_Point(x + 0.002, y + 0.001), ST_Point(x + 0.004, y)]), 4490)
FROM place;

UPDATE building SET code = '9901010010010100001', base_elevation = 5, storeys_above = 6, structure = 'frame',
                    storeys_below = 0, year_built = 2001
WHERE local_id = '99010100100101';
INSERT INTO storey (source_id, local_id, name, building_id, building_code, number, use, floor_area, z_min, z_max,
                    block_code, access_class, geometry)
SELECT 'test', 'S' || n, n || '层', id, code, n, 'residential', 150.5, 5 + (n - 1) * 3, 5 + n * 3, block_code, 2,
       geometry
FROM building, generate_series(1, 6) AS n WHERE code IS NOT NULL;
INSERT INTO unit (source_id, local_id, code, estate_code, building_id, building_code, storey_number, room, use,
                  floor_area, z_min, z_max, occupancy, residents, has_own_geometry, block_code, access_class, geometry)
SELECT 'test', 'U' || n || side, code || 'A' || n || side, 'E' || n || side, id, code, n, n || '0' || side,
       'residential', 75.25, 5 + (n - 1) * 3, 5 + n * 3, 'rented', n, true, block_code, 2,
       ST_MakeEnvelope(ST_XMin(geometry) + (side - 1) * 0.00015, ST_YMin(geometry),
                       ST_XMin(geometry) + side * 0.00015, ST_YMax(geometry), 4490)
FROM building, generate_series(1, 6) AS n, generate_series(1, 2) AS side WHERE code IS NOT NULL;

INSERT INTO address (source_id, local_id, code, town, community, road, number, building, normalised, block_code,
                     access_class, geometry)
SELECT 'test', number::text, 'D' || number, '测试街道', '测试社区', '测试路', number || '号', number || '栋',
       '测试路' || number || '号', block_code, 1, ST_SetSRID(ST_Point(x, y), 4490)
FROM place;
INSERT INTO parcel (source_id, local_id, name, code, land_use, land_use_code, land_area, plot_ratio, building_density,
                    green_ratio, height_limit, plan_name, block_code, access_class, geometry)
SELECT 'test', number::text, '地块 ' || number, 'P' || number, '居住用地', '0701', 5000.5, 2.5, 30, 35.5, 80,
       '测试规划', block_code, 2,
       ST_Multi(ST_Difference(ST_MakeEnvelope(x, y, x + 0.003, y + 0.002, 4490),
                              ST_MakeEnvelope(x + 0.001, y + 0.0005, x + 0.002, y + 0.001, 4490)))
FROM place;
INSERT INTO height_limit (source_id, local_id, name, code, max_elevation, vertical_datum, basis, block_code,
                          access_class, geometry)
SELECT 'test', number::text, '限高 ' || number, 'H' || number, 120.5, '1985', '测试', block_code, 2,
       ST_MakeEnvelope(x, y, x + 0.003, y + 0.002, 4490)
FROM place;
INSERT INTO hazard (source_id, local_id, name, hazard_kind, severity, state, description, organisation, due, found_at,
                    block_code, access_class, geometry)
SELECT 'test', number::text, '隐患 ' || number, 'fire_exit', 1 + number % 4, 'found', '测试', '测试单位', '2026-01-31',
       '2026-01-01T08:00:00+08:00', block_code, 2, ST_SetSRID(ST_Point(x, y), 4490)
FROM place;
INSERT INTO component (source_id, local_id, name, code, type_code, type_name, owner_department, accuracy_class,
                       condition, block_code, access_class, geometry)
SELECT 'test', number::text, '井盖 ' || number, 'C' || number, '0101', '上水井盖', '测试部门', 'A', 'good', block_code, 2,
       ST_SetSRID(ST_Point(x, y), 4490)
FROM place;
INSERT INTO legal_entity (source_id, local_id, name, uscc, entity_type, industry_code, status, registered_at, address,
                          block_code, access_class, geometry)
SELECT 'test', number::text, '测试单位 ' || number, '91TEST' || lpad(number::text, 12, '0'), 'company', 'C39', 'active',
       '2020-02-29T00:00:00+08:00', '测试路', block_code, 2, ST_SetSRID(ST_Point(x, y), 4490)
FROM place;
INSERT INTO industrial_park (source_id, local_id, name, code, park_type, operator, land_area, firms, block_code,
                             geometry)
SELECT 'test', number::text, '园区 ' || number, 'I' || number, 'high_tech', '测试', 1000.5, number, block_code,
       ST_MakeEnvelope(x, y, x + 0.001, y + 0.001, 4490)
FROM place;
INSERT INTO urban_village (source_id, local_id, name, code, rental_units, block_code, geometry)
SELECT 'test', number::text, '村 ' || number, 'V' || number, number, block_code,
       ST_MakeEnvelope(x, y, x + 0.001, y + 0.001, 4490)
FROM place;
UPDATE incident SET occurred_at = date_trunc('second', occurred_at);
UPDATE incident SET channel = 'hotline', closed_at = occurred_at + interval '1 hour' WHERE state = 'closed';

INSERT INTO business_layer (code, title, title_en, owner, access_class, created_by, attribute_schema)
VALUES ('shops', '商铺', 'Shops', '测试部门', 2, 'test',
        '{"type": "object", "properties": {"staff": {"type": "integer"}, "类型": {"type": "string"}}}');
INSERT INTO business_feature (source_id, local_id, name, layer_code, match_level, confidence, attributes, block_code,
                              access_class, geometry)
SELECT 'test', number::text, '商铺 ' || number, 'shops', 'coordinates', 1,
       jsonb_build_object('staff', number, '类型', '餐饮'), block_code, 2,
       CASE n WHEN 0 THEN ST_SetSRID(ST_Point(x, y), 4490) ELSE ST_MakeEnvelope(x, y, x + 0.0005, y + 0.0005, 4490) END
FROM place;
DROP TABLE place;

-- What the district's model is made of.
INSERT INTO model_storey (version_id, global_id, name, number, elevation, elements, block_code, access_class, geometry)
SELECT version.id, 'storey', 'EG', 1, 0, 1, version.block_code, 2, model.geometry
FROM model_version AS version JOIN model ON model.id = model_id;
INSERT INTO model_space (version_id, global_id, name, storey_global_id, storey_number, use, net_area, floor_area,
                         area_from, block_code, access_class, geometry)
SELECT version.id, 'room', 'R1', 'storey', 1, 'bedroom', 20.5, 20.5, 'net', version.block_code, 2, model.geometry
FROM model_version AS version JOIN model ON model.id = model_id;
INSERT INTO model_zone (version_id, global_id, name, ifc_class, object_type, spaces, block_code, access_class, geometry)
SELECT version.id, 'flat', '户 201', 'IfcZone', '户', 1, version.block_code, 2, model.geometry
FROM model_version AS version JOIN model ON model.id = model_id;
INSERT INTO model_unit (version_id, global_id, name, number, unit_from, rule, storeys, spaces, floor_area, block_code,
                        access_class, geometry)
SELECT version.id, 'flat', '户 201', '201', 'zone', 'zone_name', 1, 1, 20.5, version.block_code, 2, model.geometry
FROM model_version AS version JOIN model ON model.id = model_id;
INSERT INTO model_system (version_id, global_id, name, ifc_class, elements, block_code, access_class, geometry)
SELECT version.id, 'water', '给水', 'IfcDistributionSystem', 1, version.block_code, 2, model.geometry
FROM model_version AS version JOIN model ON model.id = model_id;
UPDATE element SET geometry = ST_Force3D(ST_PointOnSurface(model.geometry))
FROM model_version AS version JOIN model ON model.id = version.model_id WHERE element.version_id = version.id;
