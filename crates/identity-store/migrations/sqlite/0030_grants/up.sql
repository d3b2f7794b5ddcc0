-- Who is granted what, in one place for every kind of holder: a role, a group, a user or an application. The ids of holders
-- are unique over all kinds, so a grant needs no kind; whoever deletes a holder deletes its grants.
CREATE TABLE permission_grants (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    holder_id BLOB NOT NULL,
    product TEXT NOT NULL,
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    valid_from INTEGER,
    valid_until INTEGER,
    PRIMARY KEY (tenant_id, holder_id, product, resource, action)
) STRICT, WITHOUT ROWID;
CREATE INDEX permission_grants_of_permission ON permission_grants (tenant_id, product, resource, action, holder_id);

CREATE TABLE role_grants (
    tenant_id BLOB NOT NULL,
    holder_id BLOB NOT NULL,
    role_id BLOB NOT NULL,
    valid_from INTEGER,
    valid_until INTEGER,
    PRIMARY KEY (tenant_id, holder_id, role_id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX role_grants_of_role ON role_grants (tenant_id, role_id, holder_id);

-- Who acts as the editor of a product.
CREATE INDEX applications_of_product ON applications (tenant_id, product, id) WHERE deleted_at IS NULL;

INSERT INTO permission_grants (tenant_id, holder_id, product, resource, action)
    SELECT tenant_id, role_id, product, resource, action FROM role_permissions;
INSERT INTO permission_grants (tenant_id, holder_id, product, resource, action, valid_from, valid_until)
    SELECT tenant_id, group_id, product, resource, action, valid_from, valid_until FROM group_permissions;
INSERT INTO role_grants (tenant_id, holder_id, role_id, valid_from, valid_until)
    SELECT tenant_id, group_id, role_id, valid_from, valid_until FROM group_roles;

-- Who administers a tenant may manage its roles from now on.
INSERT INTO permission_grants (tenant_id, holder_id, product, resource, action)
    SELECT roles.tenant_id, roles.id, 'plugin-identity', 'roles', actions.column1
    FROM roles, (VALUES ('post'), ('patch'), ('put'), ('delete')) AS actions
    WHERE roles.slug = 'plugin-identity-editor-role';

DROP TABLE role_permissions;
DROP TABLE group_permissions;
DROP TABLE group_roles;

-- As for the other tables: how many rows share the beginning of a key, at a size where it matters.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('permission_grants', 'permission_grants', '200000 20000 10 5 2 1'),
    ('permission_grants', 'permission_grants_of_permission', '200000 20000 2000 500 100 1'),
    ('role_grants', 'role_grants', '200000 20000 2 1'),
    ('role_grants', 'role_grants_of_role', '200000 20000 1000 1'),
    ('applications', 'applications_of_product', '100000 10000 1000 1');
ANALYZE sqlite_schema;
