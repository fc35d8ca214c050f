-- Features that are made, replaced and deleted one by one; and requests that are done once, however often they are sent.

ALTER TABLE feature_edit DROP CONSTRAINT feature_edit_action_check;
ALTER TABLE feature_edit ADD CONSTRAINT feature_edit_action_check
    CHECK (action IN ('edit', 'restore', 'proposal', 'create', 'replace', 'update', 'delete'));
COMMENT ON COLUMN feature_edit.version IS 'the version''s recorded_at; of a deletion the moment it ended';
COMMENT ON COLUMN feature_edit.action IS 'edit, restore or proposal; create, replace, update or delete';

CREATE TABLE idempotency_key (
    token_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status SMALLINT,
    headers JSONB,
    body BYTEA,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT idempotency_key_pkey PRIMARY KEY (token_id, key),
    CONSTRAINT idempotency_key_token_id_fkey FOREIGN KEY(token_id) REFERENCES access_token (id) ON DELETE CASCADE
);
CREATE INDEX idempotency_key_created_at_idx ON idempotency_key (created_at);
COMMENT ON COLUMN idempotency_key.fingerprint IS 'SHA-256 of method, address, headers and body';
COMMENT ON COLUMN idempotency_key.status IS 'NULL while the first request is under way';
COMMENT ON COLUMN idempotency_key.body IS 'NULL where it is too large to be kept';
-- For the owner alone: an answer is whoever asked's, and is given again to nobody else.
ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY;
