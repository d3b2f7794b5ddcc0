DROP INDEX applications_of_product;

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

-- A role held its permissions without bounds; one that has bounds is left out rather than held for ever.
INSERT INTO role_permissions (tenant_id, role_id, product, resource, action)
    SELECT grants.tenant_id, holder_id, product, resource, action
    FROM permission_grants AS grants JOIN roles ON roles.tenant_id = grants.tenant_id AND roles.id = holder_id
    WHERE valid_from IS NULL AND valid_until IS NULL;
INSERT INTO group_permissions (tenant_id, group_id, product, resource, action, valid_from, valid_until)
    SELECT grants.tenant_id, holder_id, product, resource, action, valid_from, valid_until
    FROM permission_grants AS grants JOIN groups ON groups.tenant_id = grants.tenant_id AND groups.id = holder_id;
INSERT INTO group_roles (tenant_id, group_id, role_id, valid_from, valid_until)
    SELECT grants.tenant_id, holder_id, role_id, valid_from, valid_until
    FROM role_grants AS grants JOIN groups ON groups.tenant_id = grants.tenant_id AND groups.id = holder_id;

DROP TABLE role_grants;
DROP TABLE permission_grants;
