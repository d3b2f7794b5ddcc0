-- From when on a published key signs, and when a token that a key signed was last accepted.
ALTER TABLE signing_keys ADD COLUMN signs_at TIMESTAMPTZ;
ALTER TABLE signing_keys ADD COLUMN last_needed_at TIMESTAMPTZ;
UPDATE signing_keys SET signs_at = created_at WHERE state = 'next';
ALTER TABLE signing_keys ADD CHECK ((signs_at IS NULL) = (state <> 'next'));
