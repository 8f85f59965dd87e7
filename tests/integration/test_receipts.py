"""Receipts over HTTP and behind it, on both back ends: made for readers, checked for anybody, waited for a little."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.keys.signing import verifier_of
from adapters.rendering.receipt import attached
from adapters.witness.store import Witnessed
from api.common.receipts import indulgent
from domain.errors import DatabaseDamaged, NotAllowed, NotFound
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.completeness import check_completeness, read_completeness
from domain.ledger.errors import LedgerInputAltered
from domain.ledger.note import parse_note
from domain.ledger.policy import Known, Policy
from domain.ledger.receipt import check_receipt, read_receipt
from domain.ports.events import StoredRow
from domain.proofs.judging import judge
from domain.proofs.receipts import PAUSES, ReceiptNotReady
from tests.cli_world import BACK_ENDS
from tests.http_world import THERE, World, make_world, record, world_on
from tests.receipt_vectors import KEYS, cosigned


@pytest.fixture(scope="module", params=BACK_ENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(request.param, request, tmp_path_factory.mktemp("archive") / "home") as made:
        yield made


def file_one(world: World, **other: object) -> str:
    answer = world.program("clerk-here").post("/api/v1/records", json=record(**other))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


def test_a_reader_takes_a_receipt_that_anybody_can_check(world: World) -> None:
    """The file verifies with the published key alone; posted to the archive without an account, it says the same."""
    code = file_one(world)
    world.catch_up()
    answer = world.program("reader-here").get(f"/api/v1/records/{code}/receipt")
    assert answer.status_code == 200, answer.text
    assert f'filename="{code}-1.tlog-proof"' in answer.headers["content-disposition"]
    published = world.client().get("/ledger/checkpoint").text
    receipt = read_receipt(answer.content)
    assert receipt.proof.checkpoint == published
    judged = check_receipt(receipt, indulgent(world.house.trust.published()), verifier_of)
    assert judged.checkpoint.origin == "archive.example/test"
    vkey = world.client().get("/ledger/vkey").text
    said = world.client().post("/api/v1/receipts/verify", json={"receipt": answer.text, "policy": vkey})
    assert said.status_code == 200, said.text
    assert said.json()["proven"]["events"][0]["title"] == record()["title"]
    assert said.json()["ok"]


def test_what_proves_nothing_and_what_cannot_be_read_are_told_apart(world: World) -> None:
    """A finding is an answer; wrong input is a problem document."""
    code = file_one(world)
    world.catch_up()
    text = world.program("reader-here").get(f"/api/v1/records/{code}/receipt").text
    index = next(line for line in text.splitlines() if line.startswith("index "))
    stranger = world.client()
    altered = stranger.post("/api/v1/receipts/verify", json={"receipt": text.replace(index, "index 0")})
    assert (altered.status_code, altered.json()["ok"], altered.json()["proven"]) == (200, False, None)
    other = stranger.post("/api/v1/receipts/verify", json={"receipt": text, "files": ["00" * 32]})
    assert (other.json()["ok"], other.json()["files"][0]["ok"]) == (False, False)
    for body, wrong in (
        ({"receipt": "x"}, "proof_invalid"),
        ({"receipt": text, "policy": "nonsense"}, "policy_invalid"),
        ({"receipt": text, "files": ["x"]}, "request_invalid"),
        ({}, "request_invalid"),
    ):
        answer = stranger.post("/api/v1/receipts/verify", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, wrong), answer.text
    half = stranger.post("/api/v1/receipts/verify", content=b'{"receipt": "\\ud800"}')
    assert half.status_code == 422


def test_a_receipt_is_for_those_who_may_read_the_record(world: World) -> None:
    """Outsiders learn nothing, strangers are asked to sign in; the one policy decides."""
    code = file_one(world)
    world.catch_up()
    for query in ("", "?format=pdf", "?complete=true"):
        path = f"/api/v1/records/{code}/receipt{query}"
        assert world.program("reader-there").get(path).json()["code"] == "not_allowed"
        assert world.client().get(path).status_code == 401
    house = world.house
    with pytest.raises(NotAllowed):
        house.receipts.one(house.directory().account("reader-there").actor(), code)
    assert world.program("reader-there").get(f"/api/v1/records/{THERE}-2023-0001/receipt").status_code == 404


def test_a_version_an_event_or_all_of_them(world: World) -> None:
    """What is asked for is what the receipt shows; without being asked, the newest event."""
    code = file_one(world)
    clerk, secretary = world.program("clerk-here"), world.program("secretary-here")
    said = {"record": record(title="改正后的题名"), "reason": "写错了"}
    assert clerk.post(f"/api/v1/records/{code}/correct", json=said).is_success
    assert secretary.post(f"/api/v1/records/{code}/sign-off", json={}).is_success
    world.catch_up()

    def version(query: str) -> int:
        answer = clerk.get(f"/api/v1/records/{code}/receipt{query}")
        assert answer.status_code == 200, answer.text
        return read_receipt(answer.content).version

    assert [version(q) for q in ("", "?version=1", "?version=2", "?event=3")] == [3, 1, 2, 3]
    for query in ("?version=9", "?event=9"):
        assert clerk.get(f"/api/v1/records/{code}/receipt{query}").json()["code"] == "not_found"
    answer = clerk.get(f"/api/v1/records/{code}/receipt?complete=true")
    whole = read_completeness(answer.content)
    check_completeness(whole, indulgent(world.house.trust.published()), verifier_of)
    assert [receipt.version for receipt in whole.receipts] == [1, 2, 3]
    assert f'filename="{code}.complete.json"' in answer.headers["content-disposition"]
    pdf = clerk.get(f"/api/v1/records/{code}/receipt?format=pdf&version=1")
    assert (pdf.headers["content-type"], read_receipt(attached(pdf.content)).version) == ("application/pdf", 1)


def test_what_is_not_published_yet_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for before the ledger has the event, it comes when the ledger has; without a ledger at work it is told."""
    world.catch_up()
    code, house = file_one(world), world.house
    with pytest.raises(ReceiptNotReady):
        house.receipts.one(house.operator(), code, pauses=())
    paused: list[float] = []
    monkeypatch.setattr(house.receipts, "_pause", paused.append)
    with pytest.raises(ReceiptNotReady):
        house.receipts.one(house.operator(), code)
    assert paused == list(PAUSES)
    answer = world.program("reader-here").get(f"/api/v1/records/{code}/receipt")
    assert (answer.status_code, answer.json()["code"]) == (503, "receipt_not_ready")
    assert answer.headers["retry-after"] == "2"
    worker = threading.Thread(target=world.catch_up)
    worker.start()
    assert world.program("reader-here").get(f"/api/v1/records/{code}/receipt").status_code == 200
    worker.join()


def test_a_witnessed_checkpoint_is_better_than_a_newer_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it covers is proven under it; what came later, under the newest, which witnesses may not have signed yet."""
    code, house = file_one(world), world.house
    world.catch_up()
    witnessed = house.publisher.checkpoint().decode()
    later = file_one(world)
    world.catch_up()
    monkeypatch.setattr(house.receipts, "_witnessed", lambda: witnessed)
    first, second = (read_receipt(house.receipts.one(house.operator(), each)) for each in (code, later))
    assert first.proof.checkpoint == witnessed
    assert second.proof.checkpoint == house.publisher.checkpoint().decode()
    assert all(check_receipt(each, indulgent(house.trust.published()), verifier_of) for each in (first, second))


def test_no_receipt_is_made_of_what_was_altered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event, a leaf or a node that is not what was published: nothing is handed out that would not hold."""
    code, other = file_one(world), file_one(world)
    world.catch_up()
    house = world.house
    actor, altered = house.operator(), house.archive.find(code).id
    rows_at = house.events.rows_at

    def edited(positions: Sequence[int]) -> list[StoredRow]:
        return [row._replace(state=row.state + b" ") if row.id == altered else row for row in rows_at(positions)]

    with monkeypatch.context() as patched:
        patched.setattr(house.events, "rows_at", edited)
        with pytest.raises(LedgerInputAltered):
            house.receipts.one(actor, code)
        assert judge(house.receipts.one(actor, other).encode(), indulgent(house.trust.published()), verifier_of).ok
        patched.setattr(house.events, "rows_at", lambda positions: [])
        with pytest.raises(LedgerInputAltered):
            house.receipts.one(actor, code)
    with monkeypatch.context() as patched:
        patched.setattr(house.ledger, "range_hash", lambda start, end: bytes(32))
        with pytest.raises(DatabaseDamaged):
            house.receipts.one(actor, code)
    leaves_of = house.ledger.leaves_of
    with monkeypatch.context() as patched:
        patched.setattr(house.ledger, "leaves_of", lambda stream: leaves_of(stream) * 2)
        with pytest.raises(DatabaseDamaged):
            house.receipts.complete(actor, code)
    assert judge(house.receipts.one(actor, code).encode(), indulgent(house.trust.published()), verifier_of).ok
    with pytest.raises(NotFound):
        house.receipts.one(actor, "school-01-1999-0001")


def test_a_receipt_meets_the_published_policy_once_witnesses_have_signed(tmp_path: Path) -> None:
    """Before, it is told that there are too few; afterwards the witnesses stand in it, on the sheet of paper too, and
    what is filed later takes nothing away from that."""
    place = tmp_path / "policy"
    made = make_world(tmp_path / "home", {"JIANZHENG_POLICY": str(place)})
    house = made.house
    try:
        place.write_bytes(Policy("w", (Known(house.signer.key),), {"w": Known(KEYS["a"])}).encode())
        code = file_one(made)
        made.catch_up()
        reader, stranger = made.program("reader-here"), made.client()

        def verified() -> dict[str, Any]:
            text = reader.get(f"/api/v1/records/{code}/receipt").text
            answer: dict[str, Any] = stranger.post("/api/v1/receipts/verify", json={"receipt": text}).json()
            return answer

        assert (verified()["ok"], verified()["error"]["code"]) == (False, "quorum_not_met")
        note = cosigned(house.publisher.checkpoint().decode(), "a")
        house.cosignatures.keep(Witnessed(parse_checkpoint(parse_note(note).text).size, 1_700_000_000, note))
        file_one(made)
        made.catch_up()
        answer = verified()
        assert (answer["ok"], [each["name"] for each in answer["witnesses"]]) == (True, ["w"])
        assert len(answer["warnings"]) == 1  # that the policy is the archive's own
        pdf = reader.get(f"/api/v1/records/{code}/receipt?format=pdf").content
        assert judge(attached(pdf), house.policy.policy, verifier_of).ok
    finally:
        house.close()
