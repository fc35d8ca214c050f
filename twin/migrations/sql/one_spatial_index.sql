-- A tile of Web Mercator is a box in degrees, so the index of `geometry` finds what is in it. The copy that tiles
-- are cut from needs none, and no write has to pay for one.
DO $$
DECLARE
    index regclass;
BEGIN
    FOR index IN
        SELECT indexrelid FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE relnamespace = 'public'::regnamespace AND attname = 'geometry_3857' AND indnatts = 1
    LOOP
        EXECUTE format('DROP INDEX %s', index);
    END LOOP;
END $$;
