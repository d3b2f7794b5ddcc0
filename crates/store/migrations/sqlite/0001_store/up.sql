-- What is true of the whole database: whose it is, and which keys belong to it.
CREATE TABLE deployment (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The change feed: numbers become visible in order, because the head row is updated last in the transaction.
CREATE TABLE feed_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO feed_head (id, number) VALUES (1, 0);

CREATE TABLE feed (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    tenant_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    value INTEGER NOT NULL,
    ends_tokens INTEGER NOT NULL
) STRICT;
CREATE INDEX feed_at ON feed (at);

CREATE TABLE audit_events (
    id BLOB PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    at INTEGER NOT NULL,
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
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_events_tenant ON audit_events (tenant_id, id);
CREATE INDEX audit_events_at ON audit_events (at);
