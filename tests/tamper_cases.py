"""The ways of laying hands on an archive, each with exactly the findings that name it."""

from __future__ import annotations

from collections.abc import Callable

from tests.tamper_world import SIZE, Tampered

Addresses = set[tuple[str, str, object]]
Case = tuple[Callable[[Tampered], None], Callable[[Tampered], Addresses]]


def ev(klass: str, *indices: int) -> Callable[[Tampered], Addresses]:
    return lambda a: {(klass, "event", NAMES[i]) for i in indices}


STRANGER = "— other.example/log ".encode() + b"A" * 92 + b"\n"
"""A signature that is nobody's."""


def fixed(*found: tuple[str, str, object]) -> Callable[[Tampered], Addresses]:
    return lambda a: set(found)


def sql(*statements: str) -> Callable[[Tampered], None]:
    return lambda a: a.events(*statements)


def lsql(*statements: str) -> Callable[[Tampered], None]:
    return lambda a: a.ledger(*statements)


SWAP = "UPDATE stored_events SET {c} = (SELECT {c} FROM copy WHERE copy.position = {a} + {b} - stored_events.position) WHERE position IN ({a}, {b})"  # noqa: E501


def swap_columns(one: int, other: int, *columns: str) -> Callable[[Tampered], None]:
    """Exchange columns of the events of two leaves."""

    def act(archive: Tampered) -> None:
        statements = ["CREATE TABLE copy AS SELECT * FROM stored_events"]
        if {"originator_id", "originator_version"} & set(columns):
            # Out of the way of the UNIQUE constraint first.
            statements.append(
                f"UPDATE stored_events SET originator_version = -position WHERE position IN ({one + 1}, {other + 1})"
            )
            statements += [SWAP.format(c=c, a=one + 1, b=other + 1) for c in columns if c != "originator_version"]
            c = "originator_version"
            if c in columns:
                statements.append(SWAP.format(c=c, a=one + 1, b=other + 1))
            else:
                statements.append(
                    f"UPDATE stored_events SET {c} = (SELECT {c} FROM copy WHERE position = stored_events.position)"
                    f" WHERE position IN ({one + 1}, {other + 1})"
                )
        else:
            statements += [SWAP.format(c=c, a=one + 1, b=other + 1) for c in columns]
        archive.events(*statements, "DROP TABLE copy")

    return act


def flip_state(index: int) -> str:
    return (
        f"UPDATE stored_events SET state = CAST(substr(state, 1, 12) || x'7e' || substr(state, 14) AS BLOB)"
        f" WHERE position = {index + 1}"
    )


def move(position: int, to: int) -> str:
    return f"UPDATE stored_events SET position = {to} WHERE position = {position}"


def flip(name: str, at: int) -> Callable[[Tampered], None]:
    return lambda a: a.flip(a.public(name), at)


CASES: dict[str, Case] = {
    # ── events altered ──
    "state": (sql(flip_state(17)), ev("altered", 17)),
    "first state": (sql(flip_state(0)), ev("altered", 0)),
    "last state": (sql(flip_state(SIZE - 1)), ev("altered", SIZE - 1)),
    "state with a file": (sql(flip_state(20)), ev("altered", 20)),
    "digest in a state": (
        sql(
            "UPDATE stored_events SET state = CAST(replace(state, '\"sha256\":\"', '\"sha256\":\"0') AS BLOB)"
            " WHERE position = 31"
        ),
        ev("altered", 30),
    ),
    "topic": (sql("UPDATE stored_events SET topic = 'test:filec' WHERE position = 5"), ev("altered", 4)),
    "topic not UTF-8": (
        sql("UPDATE stored_events SET topic = CAST(x'74ff' AS TEXT) WHERE position = 5"),
        ev("altered", 4),
    ),
    "version": (
        sql("UPDATE stored_events SET originator_version = 99 WHERE position = 5"),
        ev("altered", 4),
    ),
    "version's type": (
        sql("UPDATE stored_events SET originator_version = 'x' WHERE position = 5"),
        ev("altered", 4),
    ),
    "state's type": (sql("UPDATE stored_events SET state = 5 WHERE position = 5"), ev("altered", 4)),
    "id in capitals": (
        sql("UPDATE stored_events SET originator_id = upper(originator_id) WHERE position = 5"),
        ev("altered", 4),
    ),
    "two states": (sql(flip_state(3), flip_state(4)), ev("altered", 3, 4)),
    "a whole chunk": (sql(*[flip_state(n) for n in range(256)]), ev("altered", *range(256))),
    # ── events deleted ──
    "an event": (sql("DELETE FROM stored_events WHERE position = 8"), lambda a: {("deleted", "event", NAMES[7])}),
    "two in a row": (
        sql("DELETE FROM stored_events WHERE position IN (8, 9)"),
        lambda a: {("deleted", "event", NAMES[n]) for n in (7, 8)},
    ),
    "the tail": (
        sql(f"DELETE FROM stored_events WHERE position > {SIZE - 3}"),
        lambda a: {("deleted", "event", NAMES[n]) for n in range(SIZE - 3, SIZE)},
    ),
    "an event with a file": (
        sql("DELETE FROM stored_events WHERE position = 31"),
        lambda a: {("deleted", "event", NAMES[30])},
    ),
    # ── events inserted ──
    "a row between": (
        sql(
            move(400, -1),
            "INSERT INTO stored_events SELECT 400, originator_id, 77, topic, state FROM stored_events"
            " WHERE position = 5",
        ),
        lambda a: {("reordered", "event", NAMES[399]), ("inserted", "event", NAMES[4].partition("/")[0] + "/77")},
    ),
    "a row before all": (
        sql("INSERT INTO stored_events VALUES (-7, '00000000000000000000000000000001', 1, 't', x'00')"),
        fixed(("inserted", "event", "00000000-0000-0000-0000-000000000001/1")),
    ),
    # ── events reordered ──
    "rows swapped": (
        swap_columns(10, 411, "originator_id", "originator_version", "topic", "state"),
        lambda a: {("reordered", "event", NAMES[n]) for n in (10, 411)},
    ),
    "neighbours swapped": (
        swap_columns(10, 11, "originator_id", "originator_version", "topic", "state"),
        lambda a: {("reordered", "event", NAMES[n]) for n in (10, 11)},
    ),
    "states swapped": (swap_columns(10, 411, "state"), ev("reordered", 10, 411)),
    "topics swapped": (swap_columns(10, 411, "topic"), ev("reordered", 10, 411)),
    "versions swapped": (
        swap_columns(10, 310, "originator_version"),
        lambda a: {("reordered", "event", NAMES[n]) for n in (10, 310)},
    ),
    "ids swapped": (
        swap_columns(10, 11, "originator_id"),
        lambda a: {("reordered", "event", NAMES[n]) for n in (10, 11)},
    ),
    "positions swapped": (
        sql(move(11, -1), move(412, 11), move(-1, 412)),
        lambda a: {("reordered", "event", NAMES[n]) for n in (10, 411)},
    ),
    # ── the ledger's tables ──
    "leaf's hash": (
        lsql("UPDATE leaves SET hash = zeroblob(32) WHERE idx = 9"),
        fixed(("altered", "leaf", "ledger.sqlite:leaves/9")),
    ),
    "leaf's version": (
        lsql("UPDATE leaves SET version = 88 WHERE idx = 9"),
        fixed(("altered", "leaf", "ledger.sqlite:leaves/9")),
    ),
    "leaf's position": (
        lsql("UPDATE leaves SET position = 9999 WHERE idx = 9"),
        fixed(("altered", "leaf", "ledger.sqlite:leaves/9")),
    ),
    "leaf's id": (
        lsql("UPDATE leaves SET id = zeroblob(16) WHERE idx = 9"),
        fixed(("altered", "leaf", "ledger.sqlite:leaves/9")),
    ),
    "leaf deleted": (
        lsql("DELETE FROM leaves WHERE idx = 9"),
        fixed(("deleted", "leaf", "ledger.sqlite:leaves/9")),
    ),
    "last leaf deleted": (
        lsql(f"DELETE FROM leaves WHERE idx = {SIZE - 1}"),
        fixed(("deleted", "leaf", f"ledger.sqlite:leaves/{SIZE - 1}")),
    ),
    "leaf inserted": (
        lsql(
            f"INSERT INTO leaves VALUES ({SIZE}, 9999, zeroblob(16), 1, zeroblob(32))",
            "UPDATE tracking SET position = 9999",
        ),
        fixed(("inserted", "leaf", f"ledger.sqlite:leaves/{SIZE}")),
    ),
    "leaf inserted far off, node inserted, tile deleted": (
        lambda a: [
            a.ledger(f"INSERT INTO leaves VALUES ({SIZE} + 30, 9999, zeroblob(16), 1, zeroblob(32))"),
            a.ledger("UPDATE tracking SET position = 9999", "INSERT INTO nodes VALUES (1, 2, zeroblob(32))"),
            a.public("tile/0/002.p/88").unlink(),
        ][0],
        fixed(
            ("inserted", "leaf", f"ledger.sqlite:leaves/{SIZE + 30}"),
            ("inserted", "ledger", "ledger.sqlite:nodes/1/2"),
            ("deleted", "tile", "tile/0/002.p/88"),
        ),
    ),
    "bundles and events swapped": (
        lambda a: [
            swap_columns(10, 300, "state")(a),
            a.swap("tile/entries/000", "tile/entries/001"),
        ][0],
        lambda a: {("reordered", "event", NAMES[n]) for n in (10, 300)}
        | {("reordered", "tile", f"tile/entries/00{n}") for n in (0, 1)},
    ),
    "leaves swapped": (
        lsql(
            "CREATE TEMP TABLE copy AS SELECT * FROM leaves WHERE idx IN (9, 300)",
            "UPDATE leaves SET hash = (SELECT hash FROM copy WHERE copy.idx = 309 - leaves.idx) WHERE idx IN (9, 300)",
        ),
        fixed(("reordered", "leaf", "ledger.sqlite:leaves/9"), ("reordered", "leaf", "ledger.sqlite:leaves/300")),
    ),
    "node": (
        lsql("UPDATE nodes SET hash = zeroblob(32) WHERE idx = 1"),
        fixed(("altered", "ledger", "ledger.sqlite:nodes/1/1")),
    ),
    "node deleted": (
        lsql("DELETE FROM nodes WHERE idx = 1"),
        fixed(("deleted", "ledger", "ledger.sqlite:nodes/1/1")),
    ),
    "batch": (
        lsql("UPDATE batches SET time = '2020' WHERE first = 300"),
        fixed(("altered", "ledger", "ledger.sqlite:batches/300")),
    ),
    "tracking": (
        lsql("UPDATE tracking SET position = 3"),
        fixed(("altered", "ledger", "ledger.sqlite:tracking")),
    ),
    "kept checkpoint": (
        lsql("UPDATE checkpoints SET note = replace(note, '300', '301') WHERE size = 300"),
        fixed(("altered", "checkpoint", "ledger.sqlite:checkpoints/300")),
    ),
    # ── published files ──
    "tile": (flip("tile/0/001", 500), fixed(("altered", "tile", "tile/0/001"))),
    "partial tile": (flip("tile/0/002.p/88", 50), fixed(("altered", "tile", "tile/0/002.p/88"))),
    "older partial tile": (flip("tile/0/002.p/51", 50), fixed(("altered", "tile", "tile/0/002.p/51"))),
    "older partial bundle": (flip("tile/entries/002.p/51", 50), fixed(("altered", "tile", "tile/entries/002.p/51"))),
    "tile of level 1": (flip("tile/1/000.p/2", 3), fixed(("altered", "tile", "tile/1/000.p/2"))),
    "older tile of level 1": (flip("tile/1/000.p/1", 3), fixed(("altered", "tile", "tile/1/000.p/1"))),
    "bundle": (flip("tile/entries/000", 5000), fixed(("altered", "tile", "tile/entries/000"))),
    "bundle's length": (flip("tile/entries/000", 1), fixed(("altered", "tile", "tile/entries/000"))),
    "partial bundle": (flip("tile/entries/002.p/88", 5), fixed(("altered", "tile", "tile/entries/002.p/88"))),
    "table, tile and bundle each altered": (  # three lie about one leaf, each in its own way: the event tells
        lambda a: [
            a.ledger("UPDATE leaves SET hash = zeroblob(32) WHERE idx = 0"),
            *(a.flip(a.public(f"tile/{name}/000"), 20) for name in ("0", "entries")),
        ][0],
        fixed(
            ("altered", "leaf", "ledger.sqlite:leaves/0"),
            *(("altered", "tile", f"tile/{name}/000") for name in ("0", "entries")),
        ),
    ),
    "tile deleted": (lambda a: a.public("tile/0/000").unlink(), fixed(("deleted", "tile", "tile/0/000"))),
    "bundle deleted": (lambda a: a.public("tile/entries/000").unlink(), fixed(("deleted", "tile", "tile/entries/000"))),
    "older partial deleted": (
        lambda a: a.public("tile/0/002.p/51").unlink(),
        fixed(("deleted", "tile", "tile/0/002.p/51")),
    ),
    "tile cut short": (
        lambda a: a.write(a.public("tile/0/000"), a.public("tile/0/000").read_bytes()[:-32]),
        fixed(("altered", "tile", "tile/0/000")),
    ),
    "tile inserted": (lambda a: a.write(a.public("tile/0/003"), b"x"), fixed(("inserted", "tile", "tile/0/003"))),
    "partial tile inserted": (
        lambda a: a.write(a.public("tile/0/002.p/3"), a.public("tile/0/002.p/88").read_bytes()[:96]),
        fixed(("inserted", "tile", "tile/0/002.p/3")),
    ),
    "foreign file": (
        lambda a: a.write(a.public("tile/notes.txt"), b"x"),
        fixed(("inserted", "file", "tile/notes.txt")),
    ),
    "tiles swapped": (
        lambda a: a.swap("tile/0/000", "tile/0/001"),
        fixed(("reordered", "tile", "tile/0/000"), ("reordered", "tile", "tile/0/001")),
    ),
    "bundles swapped": (
        lambda a: a.swap("tile/entries/000", "tile/entries/001"),
        fixed(("reordered", "tile", "tile/entries/000"), ("reordered", "tile", "tile/entries/001")),
    ),
    # ── checkpoints ──
    "checkpoint": (flip("checkpoint", 30), fixed(("altered", "checkpoint", "checkpoint"))),
    "checkpoint's signature": (flip("checkpoint", -5), fixed(("altered", "checkpoint", "checkpoint"))),
    # It still is a note of ours, but not the one that was signed: others' signatures stand behind it.
    "a stranger's signature before ours": (
        lambda a: a.write(
            a.public("checkpoint"), a.public("checkpoint").read_bytes().replace(b"\n\n", b"\n\n" + STRANGER)
        ),
        fixed(("altered", "checkpoint", "checkpoint")),
    ),
    "checkpoint deleted": (
        lambda a: a.public("checkpoint").unlink(),
        fixed(("deleted", "checkpoint", "checkpoint")),
    ),
    "older checkpoint": (
        lambda a: a.write(
            a.public("checkpoint"), a.query("ledger", "SELECT note FROM checkpoints WHERE size = 303")[0][0].encode()
        ),
        fixed(("rolled back", "checkpoint", "checkpoint")),
    ),
    "last signed": (
        lambda a: a.flip(a.home / "keys" / "last-signed", 30),
        fixed(("altered", "checkpoint", "keys/last-signed")),
    ),
    "last signed deleted": (
        lambda a: (a.home / "keys" / "last-signed").unlink(),
        fixed(("deleted", "checkpoint", "keys/last-signed")),
    ),
    # ── files ──
    "file": (lambda a: a.flip(a.blob(30), 0), fixed(("altered", "file", "签到表30.txt"))),
    "file emptied": (lambda a: a.write(a.blob(30), b""), fixed(("altered", "file", "签到表30.txt"))),
    "file deleted": (
        lambda a: (a.blob(30).parent.chmod(0o755), a.blob(30).unlink())[1],
        fixed(("deleted", "file", "签到表30.txt")),
    ),
    "file inserted": (
        lambda a: a.write(a.home / "files/sha256/01/23" / ("0123" + "a" * 60), b"x"),
        fixed(("inserted", "file", "sha256/01/23/0123" + "a" * 60)),
    ),
    # ── several at once ──
    "many": (
        lambda a: [
            a.events(flip_state(17), "DELETE FROM stored_events WHERE position = 100"),
            a.flip(a.public("tile/0/000"), 9),
            a.flip(a.blob(30), 0),
            a.ledger("UPDATE leaves SET hash = zeroblob(32) WHERE idx = 300"),
        ][0],
        lambda a: {
            ("altered", "event", NAMES[17]),
            ("deleted", "event", NAMES[99]),
            ("altered", "tile", "tile/0/000"),
            ("altered", "file", "签到表30.txt"),
            ("altered", "leaf", "ledger.sqlite:leaves/300"),
        },
    ),
    "event and leaf": (
        lambda a: [a.events(flip_state(17)), a.ledger("UPDATE leaves SET hash = zeroblob(32) WHERE idx = 17")][0],
        lambda a: {("altered", "event", NAMES[17]), ("altered", "leaf", "ledger.sqlite:leaves/17")},
    ),
}  # fmt: skip

NAMES: list[str] = []
"""The events of the archive under test, set before a case's findings are asked for."""
