-- Leases have owners, so that they can be renewed while work goes on and given back when their owner is gone; and what
-- failed says why, since when, and how often.
ALTER TABLE texts
    ADD COLUMN owner text NOT NULL DEFAULT '',
    ADD COLUMN code text NOT NULL DEFAULT '',
    ADD COLUMN detail_zh text NOT NULL DEFAULT '',
    ADD COLUMN first double precision NOT NULL DEFAULT 0,
    ADD COLUMN last double precision NOT NULL DEFAULT 0;
CREATE INDEX texts_taken ON texts (owner) WHERE taken;
CREATE INDEX texts_failed ON texts (first) WHERE state <> 'done' AND attempts > 0;

-- Streams of events that an indexer could not take in: tried again by itself (`failing`), or waiting for somebody to
-- say so (`aside`). Times are seconds since 1970.
CREATE TABLE troubles (
    part text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    leaf bigint NOT NULL,
    position bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('failing', 'aside')),
    code text NOT NULL,
    zh text NOT NULL,
    en text NOT NULL,
    attempts integer NOT NULL,
    first double precision NOT NULL,
    last double precision NOT NULL,
    not_before double precision NOT NULL,
    PRIMARY KEY (part, stream)
);

-- Parts of the background work that stand still as a whole.
CREATE TABLE stopped (
    part text COLLATE "C" PRIMARY KEY,
    code text NOT NULL,
    zh text NOT NULL,
    en text NOT NULL,
    attempts integer NOT NULL,
    first double precision NOT NULL,
    last double precision NOT NULL
);

-- When each job of the timetable was done last.
CREATE TABLE jobs (
    name text COLLATE "C" PRIMARY KEY,
    last double precision NOT NULL
);
