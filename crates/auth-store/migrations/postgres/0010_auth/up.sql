-- Sessions of people. The id is what strangers present, so it is unique by itself; machines have no rows here.
CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    user_id UUID NOT NULL,
    application_id UUID NOT NULL,
    door TEXT NOT NULL,
    scope TEXT NOT NULL,
    tenant_epoch BIGINT NOT NULL,
    application_epoch BIGINT NOT NULL,
    subject_epoch BIGINT NOT NULL,
    amr TEXT NOT NULL,
    auth_time TIMESTAMPTZ NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    generation BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    rotated_at TIMESTAMPTZ,
    used_at TIMESTAMPTZ NOT NULL,
    idle_expires_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    end_reason TEXT,
    CHECK (idle_expires_at <= expires_at),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_living ON sessions (tenant_id, user_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_idle_expires_at ON sessions (idle_expires_at);

-- Sessions of people and credentials exchanges of machines that were ended before their last token expires.
CREATE TABLE revocations (
    session_id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    at TIMESTAMPTZ NOT NULL
);
CREATE INDEX revocations_until ON revocations (until);

-- Keys belong to the deployment and not to a tenant. The private half goes when the key no longer signs.
CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retiring')),
    public_jwk TEXT NOT NULL,
    private_sealed BYTEA,
    created_at TIMESTAMPTZ NOT NULL,
    activated_at TIMESTAMPTZ,
    retires_at TIMESTAMPTZ,
    CHECK ((private_sealed IS NULL) = (state = 'retiring')),
    CHECK ((activated_at IS NULL) = (state = 'next')),
    CHECK ((retires_at IS NULL) = (state <> 'retiring'))
);
CREATE UNIQUE INDEX signing_keys_algorithm ON signing_keys (algorithm) WHERE state = 'active';
