-- The keys of sealed files, by the SHA-256 of the plain bytes; without a key, the file was erased. sealed is the SHA-256
-- of the ciphertext, under which it lies. Rows are added, and a key may be destroyed; nothing else may ever happen.
CREATE TABLE blob_keys (
    sha256 text COLLATE "C" PRIMARY KEY,
    sealed text COLLATE "C" UNIQUE,
    key bytea,
    CHECK (key IS NULL OR sealed IS NOT NULL)
);

-- What was erased and may still lie there, under a lock.
CREATE INDEX blob_keys_remnants ON blob_keys (sealed) WHERE key IS NULL;

CREATE OR REPLACE FUNCTION blob_keys_are_only_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key IS NOT NULL OR NEW.sha256 <> OLD.sha256 OR NEW.sealed IS DISTINCT FROM OLD.sealed THEN
        RAISE EXCEPTION 'a key of a sealed file is never changed, only destroyed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER only_destroyed BEFORE UPDATE ON blob_keys
    FOR EACH ROW EXECUTE FUNCTION blob_keys_are_only_destroyed();
