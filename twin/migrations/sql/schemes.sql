-- Block schemes side by side, versions and lineage.
SELECT 1;
