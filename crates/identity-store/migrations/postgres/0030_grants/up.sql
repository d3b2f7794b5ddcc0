-- Who is granted what, in one place for every kind of holder: a role, a group, a user or an application. The ids of holders
-- are unique over all kinds, so a grant needs no kind; whoever deletes a holder deletes its grants.
CREATE TABLE permission_grants (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    holder_id UUID NOT NULL,
    product TEXT NOT NULL,
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    valid_from TIMESTAMPTZ,
    valid_until TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, holder_id, product, resource, action)
);
CREATE INDEX permission_grants_of_permission ON permission_grants (tenant_id, product, resource, action, holder_id);

CREATE TABLE role_grants (
    tenant_id UUID NOT NULL,
    holder_id UUID NOT NULL,
    role_id UUID NOT NULL,
    valid_from TIMESTAMPTZ,
    valid_until TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, holder_id, role_id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
);
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
    SELECT roles.tenant_id, roles.id, 'plugin-identity', 'roles', actions.name
    FROM roles, (VALUES ('post'), ('patch'), ('put'), ('delete')) AS actions (name)
    WHERE roles.slug = 'plugin-identity-editor-role';

DROP TABLE role_permissions;
DROP TABLE group_permissions;
DROP TABLE group_roles;
