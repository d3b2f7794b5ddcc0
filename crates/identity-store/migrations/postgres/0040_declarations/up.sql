-- What products declare of themselves: for each product of a tenant the newest declaration, and the one before it.
CREATE TABLE declarations (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    product TEXT NOT NULL,
    revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    hash TEXT NOT NULL,
    access TEXT NOT NULL,
    scope TEXT NOT NULL,
    application_id UUID NOT NULL,
    declared_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, product, revision)
);

-- The product that a role comes from; nobody else changes it.
ALTER TABLE roles ADD COLUMN declared_by TEXT;

-- Whether a declaration gave the role; what an administrator gave is not taken back by one.
ALTER TABLE role_grants ADD COLUMN declared BOOLEAN NOT NULL DEFAULT FALSE;

-- Whether an application may declare for its product: whose secret only administrators hand out.
ALTER TABLE applications ADD COLUMN declares BOOLEAN NOT NULL DEFAULT FALSE;
