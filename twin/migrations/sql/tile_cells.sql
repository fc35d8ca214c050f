-- The cells that far zooms are drawn from. They are counted by the program, which knows the layers; who may read them
-- and whether they are still right is said here.
CREATE TABLE tile_cell (
    layer TEXT NOT NULL,
    cell_x INTEGER NOT NULL,
    cell_y INTEGER NOT NULL,
    access_class SMALLINT NOT NULL,
    rows BIGINT NOT NULL,
    first_id BIGINT NOT NULL,
    x_sum FLOAT NOT NULL,
    y_sum FLOAT NOT NULL,
    folded FLOAT[] NOT NULL,
    CONSTRAINT tile_cell_pkey PRIMARY KEY (layer, cell_x, cell_y, access_class)
);

CREATE TABLE tile_pyramid (
    layer TEXT NOT NULL,
    declaration TEXT NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT tile_pyramid_pkey PRIMARY KEY (layer)
);

-- A cell counts features of every block, so it is nothing for who reaches only some.
ALTER TABLE tile_cell ENABLE ROW LEVEL SECURITY;
ALTER TABLE tile_pyramid ENABLE ROW LEVEL SECURITY;
CREATE POLICY everywhere ON tile_cell FOR SELECT TO twin_reader
    USING (access_class <= (SELECT actor_class()) AND (SELECT '{(,)}'::code_multirange <@ actor_scope()));
GRANT SELECT ON tile_cell TO twin_reader;

-- Whether a layer's cells hold, within a box, what its table holds: nothing was committed since they were counted
-- that touches the box. It looks at the same moment as the query that asks.
CREATE FUNCTION are_cells_current(of_layer text, declared text, box geometry) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM tile_pyramid WHERE layer = of_layer AND declaration = declared AND NOT EXISTS (
            SELECT FROM change WHERE change.layer = of_layer AND change.seq > tile_pyramid.seq
                AND (envelope IS NULL OR envelope && box)))
$$;
