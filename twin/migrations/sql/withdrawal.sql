-- A load can be taken back whole; its row stays and says so.
ALTER TABLE load ADD COLUMN withdrawn_at timestamptz;
ALTER TABLE load ADD COLUMN withdrawn_by text;
