-- From when on a published key signs, and when a token that a key signed was last accepted.
ALTER TABLE signing_keys ADD COLUMN signs_at INTEGER;
ALTER TABLE signing_keys ADD COLUMN last_needed_at INTEGER;
UPDATE signing_keys SET signs_at = created_at WHERE state = 'next';
