-- A job goes on with the trace of the request that enqueued it: the request's transaction says which.
ALTER TABLE job_progress ADD COLUMN traceparent TEXT DEFAULT nullif(current_setting('twin.traceparent', true), '');
COMMENT ON COLUMN job_progress.traceparent IS 'W3C; the trace of the request that enqueued it';

-- What has ended is looked for every few minutes.
CREATE INDEX job_progress_updated_at_idx ON job_progress (updated_at);
