-- Sessions of people. The id is what strangers present, so it is unique by itself; machines have no rows here.
CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    application_id BLOB NOT NULL,
    door TEXT NOT NULL,
    scope TEXT NOT NULL,
    tenant_epoch INTEGER NOT NULL,
    application_epoch INTEGER NOT NULL,
    subject_epoch INTEGER NOT NULL,
    amr TEXT NOT NULL,
    auth_time INTEGER NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER,
    used_at INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT,
    CHECK (idle_expires_at <= expires_at),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;
CREATE INDEX sessions_living ON sessions (tenant_id, user_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_idle_expires_at ON sessions (idle_expires_at);

-- Sessions of people and credentials exchanges of machines that were ended before their last token expires.
CREATE TABLE revocations (
    session_id BLOB PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    until INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_until ON revocations (until);

-- Keys belong to the deployment and not to a tenant. The private half goes when the key no longer signs.
CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retiring')),
    public_jwk TEXT NOT NULL,
    private_sealed BLOB,
    created_at INTEGER NOT NULL,
    activated_at INTEGER,
    retires_at INTEGER,
    CHECK ((private_sealed IS NULL) = (state = 'retiring')),
    CHECK ((activated_at IS NULL) = (state = 'next')),
    CHECK ((retires_at IS NULL) = (state <> 'retiring'))
) STRICT;
CREATE UNIQUE INDEX signing_keys_algorithm ON signing_keys (algorithm) WHERE state = 'active';
