-- Measures, pillars and what blocks add up to.
SELECT 1;
