-- Which events concern which organisation's year. A view: it can be filled again from the ledger and the events.
-- Text is compared byte by byte, so that the order does not depend on the database's language.
CREATE TABLE concerned (
    organisation text COLLATE "C" NOT NULL,
    year integer NOT NULL,
    leaf bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (organisation, year, leaf)
);

CREATE TABLE concerned_records (
    id uuid NOT NULL,
    year integer NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    PRIMARY KEY (id, year)
);

CREATE TABLE issued_reports (
    digest text COLLATE "C" NOT NULL,
    leaf bigint NOT NULL,
    PRIMARY KEY (digest, leaf)
);

-- How many leaves were taken in: one row, locked by whoever adds a batch.
CREATE TABLE figures_tracking (
    one boolean PRIMARY KEY CHECK (one),
    size bigint NOT NULL
);
INSERT INTO figures_tracking VALUES (true, 0);
