-- The time stamps (RFC 3161) that were kept: a digest of each answer, which lies beside the published checkpoint.
CREATE TABLE timestamps (
    size bigint NOT NULL,
    authority text NOT NULL,
    seal bytea NOT NULL,
    PRIMARY KEY (size, authority)
);
