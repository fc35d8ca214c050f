-- OGC API Features has every box find what has no place as well; few features have none, so the index is small.
CREATE INDEX address_unplaced_idx ON address (id) WHERE geometry IS NULL;
CREATE INDEX building_unplaced_idx ON building (id) WHERE geometry IS NULL;
CREATE INDEX business_feature_unplaced_idx ON business_feature (id) WHERE geometry IS NULL;
CREATE INDEX component_unplaced_idx ON component (id) WHERE geometry IS NULL;
CREATE INDEX hazard_unplaced_idx ON hazard (id) WHERE geometry IS NULL;
CREATE INDEX height_limit_unplaced_idx ON height_limit (id) WHERE geometry IS NULL;
CREATE INDEX incident_unplaced_idx ON incident (id) WHERE geometry IS NULL;
CREATE INDEX industrial_park_unplaced_idx ON industrial_park (id) WHERE geometry IS NULL;
CREATE INDEX legal_entity_unplaced_idx ON legal_entity (id) WHERE geometry IS NULL;
CREATE INDEX model_unplaced_idx ON model (id) WHERE geometry IS NULL;
CREATE INDEX parcel_unplaced_idx ON parcel (id) WHERE geometry IS NULL;
CREATE INDEX road_unplaced_idx ON road (id) WHERE geometry IS NULL;
CREATE INDEX storey_unplaced_idx ON storey (id) WHERE geometry IS NULL;
CREATE INDEX tileset_unplaced_idx ON tileset (id) WHERE geometry IS NULL;
CREATE INDEX unit_unplaced_idx ON unit (id) WHERE geometry IS NULL;
CREATE INDEX urban_village_unplaced_idx ON urban_village (id) WHERE geometry IS NULL;
