-- The table of events, as the event-sourcing library knows it, with two things of ours.
--
-- `notification_id` is the position. It is always the server's: not even a role that may insert can choose one, and the
-- sequence never gives a number twice, whatever is deleted. Numbers of refused inserts are lost: positions have gaps.
CREATE TABLE stored_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (originator_id, originator_version)
) WITH (
    -- Rows are only ever added: there is nothing to vacuum but to freeze, and statistics have to keep up.
    autovacuum_vacuum_threshold = 100000000,
    autovacuum_vacuum_scale_factor = 0.5,
    autovacuum_analyze_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.01
);

CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id);

-- The directory is a handful among millions: its events are found without reading the others.
CREATE INDEX stored_events_directory ON stored_events (notification_id) WHERE starts_with(topic, 'jianzheng:directory.');

-- Positions must appear in the order of commits, or a follower that only looks upwards would miss an event. So every
-- insert, whoever does it, first waits until the one before it is committed: the lock is taken before the first
-- position is drawn, and the server releases it after the rows can be seen. It is an advisory lock, not one of the
-- table: to lock the table a role needs the right to change its rows, and the application's role has none.
CREATE FUNCTION stored_events_in_order() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7306077169221362481);
    NOTIFY stored_events;
    RETURN NULL;
END
$$;

CREATE TRIGGER stored_events_in_order BEFORE INSERT ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION stored_events_in_order();
