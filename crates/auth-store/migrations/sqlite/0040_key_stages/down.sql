ALTER TABLE signing_keys DROP COLUMN last_needed_at;
ALTER TABLE signing_keys DROP COLUMN signs_at;
