-- Targets: what is to be reached by when. What is done is measured from what is loaded.

CREATE TABLE target (
    code TEXT NOT NULL, 
    title JSONB NOT NULL, 
    measure TEXT NOT NULL, 
    unit TEXT, 
    factor FLOAT DEFAULT 1 NOT NULL, 
    goal FLOAT NOT NULL, 
    due_date DATE, 
    position SMALLINT DEFAULT 0 NOT NULL, 
    CONSTRAINT target_pkey PRIMARY KEY (code), 
    CONSTRAINT target_goal_check CHECK (goal > 0 AND factor > 0), 
    CONSTRAINT target_measure_fkey FOREIGN KEY(measure) REFERENCES measure (code)
);
COMMENT ON COLUMN target.factor IS 'from the unit of the measure to this one';

GRANT SELECT ON target TO twin_reader;

-- m², in the district's metric CRS.
CREATE FUNCTION metric_area(shape geometry) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT ST_Area(ST_Transform(shape, (SELECT metric_srid FROM block_scheme WHERE is_governance)))
$$;

SELECT keep_facts(kind) FROM unnest(ARRAY['storey', 'tileset']) AS kind;

INSERT INTO measure (code, kind, title, unit, value, filter, by_share, position) VALUES
    -- a building that is modelled down to its storeys has one at the ground
    ('storeys.buildings', 'storey', '{"zh": "分层建筑数", "en": "Buildings with storeys"}',
     NULL, '1', 'number = 1', false, 0),
    ('models.floor_area', 'model', '{"zh": "建模建筑面积", "en": "Floor area of models"}',
     'm²', '(attributes ->> ''gross_floor_area'')::float8', NULL, true, 1),
    ('tilesets.mesh_area', 'tileset', '{"zh": "实景三维覆盖面积", "en": "Area covered by mesh"}',
     'm²', 'metric_area(geometry)', 'kind = ''mesh'' AND is_published', true, 0),
    ('tilesets.fine_area', 'tileset', '{"zh": "精细模型覆盖面积", "en": "Area covered by fine models"}',
     'm²', 'metric_area(geometry)', 'kind = ''fine'' AND is_published', true, 1);
