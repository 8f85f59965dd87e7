-- What witnesses said of our checkpoints, and how each of them fares. Times are seconds since 1970.
CREATE TABLE witnesses (
    url text COLLATE "C" PRIMARY KEY,
    size bigint NOT NULL,
    cosigned double precision NOT NULL,
    failures integer NOT NULL,
    not_before double precision NOT NULL,
    code text NOT NULL,
    zh text NOT NULL,
    en text NOT NULL,
    alarm boolean NOT NULL
);

-- Signature lines of the newest checkpoint.
CREATE TABLE cosignatures (
    size bigint NOT NULL,
    signer text COLLATE "C" NOT NULL,
    line text NOT NULL,
    PRIMARY KEY (size, signer)
);

-- Checkpoints that met the quorum: the newest of each day.
CREATE TABLE witnessed (
    size bigint PRIMARY KEY,
    day date NOT NULL,
    met double precision NOT NULL,
    note text NOT NULL
);
