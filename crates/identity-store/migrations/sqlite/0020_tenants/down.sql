DROP INDEX tenants_unpurged;
DROP INDEX tenants_living;
ALTER TABLE tenants DROP COLUMN purged_at;
ALTER TABLE tenants DROP COLUMN deleted_at;
ALTER TABLE tenants DROP COLUMN updated_at;
ALTER TABLE tenants DROP COLUMN limits;
