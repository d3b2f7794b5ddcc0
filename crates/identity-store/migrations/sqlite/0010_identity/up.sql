CREATE TABLE tenants (
    id BLOB PRIMARY KEY,
    slug TEXT NOT NULL,
    display_name TEXT NOT NULL,
    settings TEXT NOT NULL,
    active INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tenants_slug ON tenants (slug);

-- A deleted user stays as a tombstone without personal data, so that its name is never given again.
CREATE TABLE users (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    username TEXT NOT NULL,
    username_folded TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    email_verified INTEGER NOT NULL,
    phone TEXT,
    phone_verified INTEGER NOT NULL,
    active INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;
-- The youngest index is asked first: where both are taken, the username is told, as on PostgreSQL, which asks the oldest.
CREATE UNIQUE INDEX users_email_folded ON users (tenant_id, email_folded) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_username_folded ON users (tenant_id, username_folded);
CREATE INDEX users_living ON users (tenant_id, id) WHERE deleted_at IS NULL;

CREATE TABLE password_credentials (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    hash TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- A deleted group stays as a tombstone, so that its slug is never given again.
CREATE TABLE groups (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    built_in INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX groups_slug ON groups (tenant_id, slug);
CREATE INDEX groups_living ON groups (tenant_id, slug) WHERE deleted_at IS NULL;

CREATE TABLE roles (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    built_in INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX roles_slug ON roles (tenant_id, slug);

CREATE TABLE role_permissions (
    tenant_id BLOB NOT NULL,
    role_id BLOB NOT NULL,
    product TEXT NOT NULL,
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    PRIMARY KEY (tenant_id, role_id, product, resource, action),
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_roles (
    tenant_id BLOB NOT NULL,
    group_id BLOB NOT NULL,
    role_id BLOB NOT NULL,
    valid_from INTEGER,
    valid_until INTEGER,
    PRIMARY KEY (tenant_id, group_id, role_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_permissions (
    tenant_id BLOB NOT NULL,
    group_id BLOB NOT NULL,
    product TEXT NOT NULL,
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    valid_from INTEGER,
    valid_until INTEGER,
    PRIMARY KEY (tenant_id, group_id, product, resource, action),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_members (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    group_id BLOB NOT NULL,
    valid_from INTEGER,
    valid_until INTEGER,
    PRIMARY KEY (tenant_id, user_id, group_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_of_group ON group_members (tenant_id, group_id, user_id);

-- A deleted application stays as a tombstone, so that its name and client id are never given again.
CREATE TABLE applications (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    product TEXT,
    description TEXT NOT NULL,
    grants TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    built_in INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;
-- Strangers present these two, without naming a tenant.
CREATE UNIQUE INDEX applications_id ON applications (id);
CREATE UNIQUE INDEX applications_client_id ON applications (client_id);
CREATE UNIQUE INDEX applications_name ON applications (tenant_id, name);
CREATE UNIQUE INDEX applications_default ON applications (tenant_id) WHERE is_default;
CREATE INDEX applications_living ON applications (tenant_id, id) WHERE deleted_at IS NULL;

-- Reports of use name a secret by its id alone.
CREATE TABLE application_secrets (
    id BLOB PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    application_id BLOB NOT NULL,
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    tokens_issued INTEGER NOT NULL,
    withdrawn_at INTEGER,
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id)
) STRICT;
CREATE INDEX application_secrets_living ON application_secrets (tenant_id, application_id, id)
    WHERE withdrawn_at IS NULL;

CREATE TABLE counters (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    kind TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, kind)
) STRICT, WITHOUT ROWID;

-- The key is a keyed hash of a tenant and a name, or of a network address: it tells nobody whose row it is.
CREATE TABLE login_tries (
    key BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_failed_at INTEGER,
    blocked_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX login_tries_last_failed_at ON login_tries (last_failed_at);

-- How many rows share the beginning of a key, at a size where it matters: without this the planner takes a tenant for a
-- narrow choice, and walks all of it (sqlite.org/queryplanner-ng.html, "query planner checklist"). Dropping a table
-- drops its rows here.
ANALYZE tenants;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('users', 'sqlite_autoindex_users_1', '1000000 100000 1'),
    ('users', 'users_username_folded', '1000000 100000 1'),
    ('users', 'users_email_folded', '1000000 100000 1'),
    ('users', 'users_living', '1000000 100000 1'),
    ('group_members', 'group_members', '2000000 200000 2 1'),
    ('group_members', 'group_members_of_group', '2000000 200000 2000 1'),
    ('groups', 'sqlite_autoindex_groups_1', '1000 100 1'),
    ('groups', 'groups_slug', '1000 100 1'),
    ('groups', 'groups_living', '1000 100 1'),
    ('group_roles', 'group_roles', '1000 100 2 1'),
    ('group_permissions', 'group_permissions', '10000 1000 10 5 2 1'),
    ('role_permissions', 'role_permissions', '2000 200 10 10 4 1'),
    ('roles', 'roles', '200 20 1'),
    ('roles', 'roles_slug', '200 20 1'),
    ('applications', 'sqlite_autoindex_applications_1', '100000 10000 1'),
    ('applications', 'applications_id', '100000 1'),
    ('applications', 'applications_client_id', '100000 1'),
    ('applications', 'applications_name', '100000 10000 1'),
    ('applications', 'applications_living', '100000 10000 1'),
    ('applications', 'applications_default', '10 1'),
    ('application_secrets', 'application_secrets_living', '100000 10000 2 1');
ANALYZE sqlite_schema;
