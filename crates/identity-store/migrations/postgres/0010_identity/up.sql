CREATE TABLE tenants (
    id UUID PRIMARY KEY,
    slug TEXT NOT NULL,
    display_name TEXT NOT NULL,
    settings TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX tenants_slug ON tenants (slug);

-- A deleted user stays as a tombstone without personal data, so that its name is never given again.
CREATE TABLE users (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    username TEXT NOT NULL,
    username_folded TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    email_verified BOOLEAN NOT NULL,
    phone TEXT,
    phone_verified BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX users_username_folded ON users (tenant_id, username_folded);
CREATE UNIQUE INDEX users_email_folded ON users (tenant_id, email_folded) WHERE deleted_at IS NULL;
CREATE INDEX users_living ON users (tenant_id, id) WHERE deleted_at IS NULL;

CREATE TABLE password_credentials (
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL,
    hash TEXT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

-- A deleted group stays as a tombstone, so that its slug is never given again.
CREATE TABLE groups (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    built_in BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX groups_slug ON groups (tenant_id, slug);
CREATE INDEX groups_living ON groups (tenant_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE roles (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    built_in BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX roles_slug ON roles (tenant_id, slug);

CREATE TABLE role_permissions (
    tenant_id UUID NOT NULL,
    role_id UUID NOT NULL,
    product TEXT NOT NULL,
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    PRIMARY KEY (tenant_id, role_id, product, resource, action),
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
);

CREATE TABLE group_roles (
    tenant_id UUID NOT NULL,
    group_id UUID NOT NULL,
    role_id UUID NOT NULL,
    valid_from TIMESTAMPTZ,
    valid_until TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, group_id, role_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
);

CREATE TABLE group_permissions (
    tenant_id UUID NOT NULL,
    group_id UUID NOT NULL,
    product TEXT NOT NULL,
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    valid_from TIMESTAMPTZ,
    valid_until TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, group_id, product, resource, action),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id)
);

CREATE TABLE group_members (
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL,
    group_id UUID NOT NULL,
    valid_from TIMESTAMPTZ,
    valid_until TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, user_id, group_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id)
);
CREATE INDEX group_members_of_group ON group_members (tenant_id, group_id, user_id);

-- A deleted application stays as a tombstone, so that its name and client id are never given again.
CREATE TABLE applications (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    product TEXT,
    description TEXT NOT NULL,
    grants TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    built_in BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    deleted_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id)
);
-- Strangers present these two, without naming a tenant.
CREATE UNIQUE INDEX applications_id ON applications (id);
CREATE UNIQUE INDEX applications_client_id ON applications (client_id);
CREATE UNIQUE INDEX applications_name ON applications (tenant_id, name);
CREATE UNIQUE INDEX applications_default ON applications (tenant_id) WHERE is_default;
CREATE INDEX applications_living ON applications (tenant_id, id) WHERE deleted_at IS NULL;

-- Reports of use name a secret by its id alone.
CREATE TABLE application_secrets (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    application_id UUID NOT NULL,
    digest BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    tokens_issued BIGINT NOT NULL,
    withdrawn_at TIMESTAMPTZ,
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
);
CREATE INDEX application_secrets_living ON application_secrets (tenant_id, application_id, id)
    WHERE withdrawn_at IS NULL;

CREATE TABLE counters (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    kind TEXT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);

-- The key is a keyed hash of a tenant and a name, or of a network address: it tells nobody whose row it is.
CREATE TABLE login_tries (
    key BYTEA PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_failed_at TIMESTAMPTZ,
    blocked_until TIMESTAMPTZ
);
CREATE INDEX login_tries_last_failed_at ON login_tries (last_failed_at);
