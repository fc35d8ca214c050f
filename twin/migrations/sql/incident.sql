-- The block an incident lay in when it was accepted stays, whatever becomes of the blocks.
CREATE FUNCTION freeze_block() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.block_code_then := coalesce(NEW.block_code_then, NEW.block_code);
    RETURN NEW;
END $$;

CREATE TRIGGER freeze_block BEFORE INSERT ON incident FOR EACH ROW EXECUTE FUNCTION freeze_block();
