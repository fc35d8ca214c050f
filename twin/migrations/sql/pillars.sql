-- What the pillars count, and where a block stands among its siblings.

-- The rank of a block among its siblings by every measure of a pillar, the greatest first. It says nothing else
-- of them, so whoever may see a measure at all is told. Counts of people are not ranked.
CREATE FUNCTION rank_block(ranked text) RETURNS TABLE (measure text, rank bigint, siblings bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH sibling AS MATERIALIZED (
        SELECT other.code
        FROM valid_block AS own JOIN block_scheme ON block_scheme.scheme = own.scheme AND is_governance
        JOIN valid_block AS other ON other.scheme = own.scheme AND other.parent_code = own.parent_code
        WHERE own.code = ranked
    ), known AS (
        SELECT fact.block_code, fact.measure, sum(fact.value) AS value
        FROM block_fact AS fact
        WHERE fact.block_code = ANY (ARRAY(SELECT code FROM sibling))
          AND fact.measure = ANY (ARRAY(SELECT code FROM measure WHERE pillar IS NOT NULL AND k IS NULL))
          AND fact.period = '-infinity'
          AND fact.dimension = '' AND fact.access_class <= actor_class()
        GROUP BY fact.block_code, fact.measure
    )
    SELECT listed.code,
           (SELECT count(*) FROM known AS other WHERE other.measure = listed.code AND other.value > coalesce(
               (SELECT value FROM known AS own WHERE own.measure = listed.code AND own.block_code = ranked), 0)) + 1,
           (SELECT count(*) FROM sibling)
    FROM measure AS listed
    WHERE listed.pillar IS NOT NULL AND listed.k IS NULL AND EXISTS (SELECT FROM sibling)
      AND coalesce(current_setting('twin.as_of', true), '') = ''
$$;

SELECT keep_facts(kind) FROM unnest(ARRAY['address', 'unit', 'legal_entity', 'component', 'parcel']) AS kind;

INSERT INTO measure (code, kind, title, unit, value, by_share, access_class, k, pillar, position) VALUES
    ('addresses.count', 'address', '{"zh": "地址数", "en": "Addresses"}', NULL, '1', false, 1, NULL, 'address', 0),
    ('units.residents', 'unit', '{"zh": "居住人数", "en": "Residents"}', NULL, 'residents', false, 2, 10, 'population', 0),
    ('legal_entities.count', 'legal_entity', '{"zh": "法人数", "en": "Legal entities"}',
     NULL, '1', false, 1, NULL, 'legal_entity', 0),
    ('units.count', 'unit', '{"zh": "户数", "en": "Units"}', NULL, '1', false, 1, NULL, 'house', 2),
    ('components.count', 'component', '{"zh": "部件数", "en": "Components"}', NULL, '1', false, 1, NULL, 'component', 0),
    ('parcels.land_area', 'parcel', '{"zh": "用地面积", "en": "Land area"}', 'm²', 'land_area', true, 1, NULL, NULL, 0);
