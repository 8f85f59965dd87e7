-- Lawful erasure: tombstones in the place of states, and what is left to be done of erasures.

CREATE INDEX IF NOT EXISTS stored_events_erasures ON stored_events (notification_id)
    WHERE starts_with(topic, 'jianzheng:record.eras');

-- The application's role cannot change an event. It may call this, which runs with its owner's rights and does one thing:
-- put a tombstone in the place of a state of which an event of the same stream, stored later, says that it is erased,
-- with the digest of the very bytes that are there. True: it did; false: there is a tombstone; null: nothing says so.
CREATE OR REPLACE FUNCTION erase_event(stream uuid, erased bigint, by_version bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old bytea;
    kind text;
    digest text;
    said jsonb;
BEGIN
    SELECT state, topic INTO old, kind FROM jianzheng.stored_events
        WHERE originator_id = stream AND originator_version = erased FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF substring(old FROM 1 FOR 16) = convert_to('{"erased":{"by":', 'UTF8') THEN
        RETURN false;
    END IF;
    digest := encode(sha256(old), 'hex');
    SELECT convert_from(state, 'UTF8')::jsonb INTO said FROM jianzheng.stored_events
        WHERE originator_id = stream AND originator_version = by_version AND topic = 'jianzheng:record.erased';
    IF said IS NULL OR by_version <= erased OR starts_with(kind, 'jianzheng:record.eras')
        OR NOT coalesce(
            (said -> 'events') @> jsonb_build_array(jsonb_build_object('version', erased, 'state', digest)), false)
    THEN
        RETURN NULL;
    END IF;
    UPDATE jianzheng.stored_events
        SET state = convert_to('{"erased":{"by":' || by_version || ',"state":"' || digest || '"}}', 'UTF8')
        WHERE originator_id = stream AND originator_version = erased;
    RETURN true;
END
$$;

-- Erasures that are not complete yet, by the position of their event, and how far events were followed for them.
CREATE TABLE erasures_left (
    position bigint PRIMARY KEY,
    stream uuid NOT NULL,
    version bigint NOT NULL,
    zh text NOT NULL DEFAULT '',
    en text NOT NULL DEFAULT ''
);

CREATE TABLE erasures_tracking (
    one boolean PRIMARY KEY CHECK (one),
    position bigint NOT NULL
);
INSERT INTO erasures_tracking VALUES (true, 0);
