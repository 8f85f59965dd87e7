-- Files whose text is to be extracted, and the records that wait for it. A view: it can be filled again from the events.
--
-- A worker takes a file by setting `taken` and moving `not_before` to the end of its lease; so a file that is taken and
-- may be handed out again is one whose worker was lost. Times are seconds since 1970, by the clocks of the workers.
CREATE TABLE texts (
    sha256 text COLLATE "C" PRIMARY KEY,
    media_type text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'aside')),
    attempts integer NOT NULL DEFAULT 0,
    taken boolean NOT NULL DEFAULT false,
    not_before double precision NOT NULL DEFAULT 0,
    detail text NOT NULL DEFAULT '',
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX texts_waiting ON texts (attempts, number) WHERE state = 'waiting';
CREATE INDEX texts_aside ON texts (sha256) WHERE state = 'aside';

CREATE TABLE text_waiters (
    sha256 text COLLATE "C" NOT NULL,
    record text COLLATE "C" NOT NULL,
    PRIMARY KEY (record, sha256)
);
CREATE INDEX text_waiters_by_file ON text_waiters (sha256);
