-- A deleted tenant stays as a tombstone, so that its slug is never given again; its rows leave step by step.
ALTER TABLE tenants
    ADD COLUMN limits TEXT NOT NULL DEFAULT '{}',
    ADD COLUMN updated_at TIMESTAMPTZ,
    ADD COLUMN deleted_at TIMESTAMPTZ,
    ADD COLUMN purged_at TIMESTAMPTZ;
UPDATE tenants SET updated_at = created_at;
ALTER TABLE tenants ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX tenants_living ON tenants (id) WHERE deleted_at IS NULL;
CREATE INDEX tenants_unpurged ON tenants (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
