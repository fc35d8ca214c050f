-- History and as_of: what was recorded when.
SELECT 1;
