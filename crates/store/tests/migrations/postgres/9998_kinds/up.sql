-- Every kind of column, and rows that refer to each other in circles.
CREATE TABLE kinds (
    name TEXT NOT NULL,
    place BIGINT NOT NULL,
    id UUID,
    truth BOOLEAN,
    at TIMESTAMPTZ,
    digest BYTEA,
    note TEXT,
    small INTEGER,
    other_name TEXT,
    other_place BIGINT,
    PRIMARY KEY (name, place),
    FOREIGN KEY (other_name, other_place) REFERENCES kinds (name, place)
);
INSERT INTO kinds (name, place) VALUES ('made by the migration', 1);
