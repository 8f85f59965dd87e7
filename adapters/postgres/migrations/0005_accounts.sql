-- Credentials. None of it is evidence: it may be forgotten, and it must not be public. Passwords are Argon2id hashes, of
-- sessions and tokens only the SHA-256 is here. Times are seconds since 1970.
CREATE TABLE passwords (
    username text COLLATE "C" PRIMARY KEY,
    hash text NOT NULL
);

CREATE TABLE attempts (
    subject text COLLATE "C" PRIMARY KEY,
    failures integer NOT NULL,
    last double precision NOT NULL
);
CREATE INDEX attempts_by_time ON attempts (last);

CREATE TABLE sessions (
    hash text COLLATE "C" PRIMARY KEY,
    username text COLLATE "C" NOT NULL,
    created double precision NOT NULL,
    used double precision NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (username);

CREATE TABLE tokens (
    id text COLLATE "C" PRIMARY KEY,
    hash text COLLATE "C" NOT NULL UNIQUE,
    username text COLLATE "C" NOT NULL,
    name text NOT NULL,
    created double precision NOT NULL,
    expires double precision,
    used double precision
);
CREATE INDEX tokens_by_user ON tokens (username);

CREATE TABLE uploads (
    username text COLLATE "C" NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    media_type text NOT NULL,
    at double precision NOT NULL,
    PRIMARY KEY (username, sha256)
);
CREATE INDEX uploads_by_time ON uploads (at);
