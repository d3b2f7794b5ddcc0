-- A deleted tenant stays as a tombstone, so that its slug is never given again; its rows leave step by step.
ALTER TABLE tenants ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tenants ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN deleted_at INTEGER;
ALTER TABLE tenants ADD COLUMN purged_at INTEGER;
UPDATE tenants SET updated_at = created_at;
CREATE INDEX tenants_living ON tenants (id) WHERE deleted_at IS NULL;
CREATE INDEX tenants_unpurged ON tenants (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
