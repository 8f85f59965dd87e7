-- The ledger: which event is which leaf, the nodes above, the batches, the checkpoints that were signed.
CREATE TABLE leaves (
    idx bigint PRIMARY KEY,
    position bigint NOT NULL UNIQUE,
    id uuid NOT NULL,
    version bigint NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX leaves_by_event ON leaves (id, version);

CREATE TABLE nodes (
    level integer NOT NULL,
    idx bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (level, idx)
);

CREATE TABLE batches (
    first bigint PRIMARY KEY,
    size bigint NOT NULL UNIQUE,
    time timestamptz NOT NULL
);
CREATE INDEX batches_by_time ON batches (time, size);

-- Up to which position events are leaves: one row, locked by whoever adds a batch.
CREATE TABLE tracking (
    one boolean PRIMARY KEY CHECK (one),
    position bigint NOT NULL
);
INSERT INTO tracking VALUES (true, 0);

CREATE TABLE checkpoints (
    size bigint PRIMARY KEY,
    note text NOT NULL
);
