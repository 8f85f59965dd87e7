-- Whose database this is, so that no other archive is ever opened upon it. Not `whole`: an unfinished copy.
CREATE TABLE archive (
    one boolean PRIMARY KEY CHECK (one),
    origin text NOT NULL,
    created text NOT NULL,
    name text NOT NULL,
    whole boolean NOT NULL,
    bound_at timestamptz NOT NULL DEFAULT now()
);
