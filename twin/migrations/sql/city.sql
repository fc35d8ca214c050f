-- The city's other layers: components, storeys, units, legal entities, parcels, height limits.
SELECT 1;
