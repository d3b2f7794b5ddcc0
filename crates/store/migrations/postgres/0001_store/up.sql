-- What is true of the whole database: whose it is, and which keys belong to it.
CREATE TABLE deployment (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- The change feed: numbers become visible in order, because the head row is updated last in the transaction.
CREATE TABLE feed_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL
);
INSERT INTO feed_head (id, number) VALUES (1, 0);

CREATE TABLE feed (
    number BIGINT PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    tenant_id UUID NOT NULL,
    kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    value BIGINT NOT NULL,
    ends_tokens BOOLEAN NOT NULL
);
CREATE INDEX feed_at ON feed (at);

CREATE TABLE audit_events (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    details TEXT
);
CREATE INDEX audit_events_tenant ON audit_events (tenant_id, id);
CREATE INDEX audit_events_at ON audit_events (at);
