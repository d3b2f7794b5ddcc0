-- Who listens to the token state of which process, written down from time to time for operators.
CREATE TABLE subscribers (
    id UUID PRIMARY KEY,
    process UUID NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    known_until TIMESTAMPTZ,
    reported_at TIMESTAMPTZ NOT NULL
);
