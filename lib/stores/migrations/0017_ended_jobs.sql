-- That a job has ended is told by its state and by `finished_at` alike: indexes go by the latter, which
-- changes once, while the state changes with every step of a job.

-- There are none but those that somebody has put right by hand.
SET LOCAL statement_timeout = 0; -- it reads all jobs, and nobody waits for that
UPDATE jobs SET finished_at = CASE WHEN state IN ('succeeded', 'failed', 'cancelled') THEN now() END
WHERE (state IN ('succeeded', 'failed', 'cancelled')) <> (finished_at IS NOT NULL);
ALTER TABLE jobs ADD CONSTRAINT jobs_ended
    CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)) NOT VALID;
