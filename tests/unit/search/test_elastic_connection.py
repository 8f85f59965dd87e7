"""What is sent to a search server and how its answers are taken, against one that answers as it was told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.search.elastic import mapping
from adapters.search.elastic.address import BadSearchAddress, SearchAddress
from adapters.search.elastic.bulk import Bulk, Change
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.engine import ElasticSearch
from adapters.search.elastic.faults import (
    IndexMissing,
    SearchRefuses,
    SearchUnreachable,
)
from adapters.search.elastic.indices import Indices
from adapters.search.elastic.position import sealed
from adapters.search.schema import FACETS
from domain.errors import JianzhengError
from domain.ports.search import SearchRequest
from domain.search.errors import DocumentRejected, IndexDamaged
from tests.contract.search_corpus import document
from tests.elastic_stub import Stub, answering, make_certificate

TAKEN = (200, {"errors": False})
TOO_MUCH = (429, {"error": {"type": "es_rejected_execution_exception"}})
CHANGES = [Change(f"r{number}:1", 7, {"position": number}) for number in range(4)]


@contextmanager
def connected(stub: Stub, **options: object) -> Iterator[Connection]:
    address = replace(SearchAddress.parse(stub.url), **options)  # type: ignore[arg-type]  # its fields, by name
    with closing(Connection(address, patience=5)) as connection:
        yield connection


def items(*outcomes: tuple[int, str]) -> tuple[int, dict[str, object]]:
    """The answer to a bulk of which some documents were not taken."""
    each = [
        {"index": {"status": status, "error": {"type": kind}} if kind else {"status": status}}
        for status, kind in outcomes
    ]
    return 200, {"errors": True, "items": each}


def sent(body: bytes) -> list[str]:
    """The ids in a bulk."""
    return [line["index"]["_id"] for line in map(json.loads, body.splitlines()) if "index" in line]


# ── bulk ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_chunks_are_of_bytes() -> None:
    """A chunk holds what fits in it, and a document that is larger than a chunk goes alone."""
    changes = [*CHANGES[:3], Change("large:1", 7, {"document": "x" * 1000}), CHANGES[3]]
    with answering(TAKEN) as stub, connected(stub) as connection:
        Bulk(connection, "in", chunk_bytes=200).send(changes)
    assert [sent(body) for _, _, body in stub.asked] == [["r0:1", "r1:1"], ["r2:1"], ["large:1"], ["r3:1"]]
    assert all("require_alias=true" in path for path, _, _ in stub.asked)


def test_what_a_server_refuses_ends_the_sending() -> None:
    """Chunks go one after the other, each while the next is made: behind one that was refused nothing more is sent."""
    answers = (TAKEN, items((400, "mapper_parsing_exception")), TAKEN)
    with answering(*answers) as stub, connected(stub) as connection, pytest.raises(DocumentRejected):
        Bulk(connection, "in", chunk_bytes=1).send(CHANGES)
    assert [sent(body) for _, _, body in stub.asked] == [["r0:1"], ["r1:1"]]


def test_a_busy_server_is_asked_again_after_a_rest() -> None:
    """Longer and longer rests, the whole chunk where it was refused as a whole, the rest of it otherwise."""
    rests: list[float] = []
    partly = items(
        (200, ""), (429, "es_rejected_execution_exception"), (200, ""), (409, "version_conflict_engine_exception")
    )
    with answering(TOO_MUCH, partly, TAKEN) as stub, connected(stub) as connection:
        Bulk(connection, "in", back_off=(1, 2, 4), sleep=rests.append).send(CHANGES)
    assert rests == [1, 2]
    assert [sent(body) for _, _, body in stub.asked] == [[change.id for change in CHANGES]] * 2 + [["r1:1"]]


def test_a_server_that_stays_busy_is_given_up() -> None:
    """After the last rest the caller is told, and may come back."""
    rests: list[float] = []
    with answering(TOO_MUCH) as stub, connected(stub) as connection, pytest.raises(SearchUnreachable):
        Bulk(connection, "in", back_off=(1, 2), sleep=rests.append).send(CHANGES)
    assert (rests, len(stub.asked)) == ([1, 2], 3)


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("mapper_parsing_exception", 400, DocumentRejected),
        ("cluster_block_exception", 403, SearchRefuses),
        ("cluster_block_exception", 503, SearchUnreachable),
        ("cluster_block_exception", 429, SearchRefuses),
        ("index_not_found_exception", 404, IndexMissing),
    ],
)
def test_a_document_that_is_not_taken(kind: str, status: int, error: type[JianzhengError]) -> None:
    """Named by its id and the server's word for it, without what the server says of its content."""
    answer = items((200, ""), (status, kind), (200, ""), (200, ""))
    with answering(answer) as stub, connected(stub) as connection, pytest.raises(error) as refused:
        Bulk(connection, "in").send(CHANGES)
    assert kind in str(refused.value)
    assert error is not DocumentRejected or "r1:1" in str(refused.value)


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def found(*sources: dict[str, object]) -> dict[str, object]:
    """The answers to a page's two questions."""
    shards = {"_shards": {"total": 1}, "status": 200}
    counted = {"hits": {"total": {"value": len(sources)}}, "aggregations": {name: {"buckets": []} for name in FACETS}}
    hits = [{"_id": f"r{n}:1", "_score": 1.0, "_source": source} for n, source in enumerate(sources)]
    return {"responses": [{**shards, **counted}, {**shards, "hits": {"hits": hits}}]}


def test_parts_are_asked_for_where_there_are_some() -> None:
    """A page of records without files costs one request; otherwise another, about those with files only."""
    plain: dict[str, object] = {"document": mapping.packed(document("r0", "题目\n\n整改措施"))}
    with answering((200, found(plain))) as stub, connected(stub) as connection:
        result = ElasticSearch(connection, Indices(connection)).search(SearchRequest(query="整改"))
    assert [[snippet.text for snippet in hit.snippets] for hit in result.hits] == [["\n\n整改措施"]]
    assert len(stub.asked) == 1
    with_file = {**plain, "parts": [{"nth": 0}]}
    inside = {"hits": {"hits": [{"_source": {"document": mapping.packed(document("r1", "整改", source="file:0"))}}]}}
    parts = {"hits": {"hits": [{"_id": "r1:1", "inner_hits": {"parts": inside}}]}}
    with answering((200, found(plain, with_file)), (200, parts)) as stub, connected(stub) as connection:
        result = ElasticSearch(connection, Indices(connection)).search(SearchRequest(query="整改"))
    assert [len(hit.snippets) for hit in result.hits] == [1, 2]
    assert json.loads(stub.asked[1][2])["query"]["bool"]["filter"][0] == {"ids": {"values": ["r1:1"]}}


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (401, "security_exception", SearchRefuses),
        (403, "security_exception", SearchRefuses),
        (429, "circuit_breaking_exception", SearchUnreachable),
        (503, "search_phase_execution_exception", SearchUnreachable),
        (400, "parsing_exception", IndexDamaged),
        (500, "null_pointer_exception", IndexDamaged),
    ],
)
def test_what_a_server_says_is_not_repeated(status: int, kind: str, error: type[JianzhengError]) -> None:
    """Status and type, never the sentence: it may quote a confidential text."""
    said = {"error": {"type": kind, "reason": "张敏"}, "status": status}
    with answering((status, said)) as stub, connected(stub) as connection, pytest.raises(error) as refused:
        ElasticSearch(connection, Indices(connection)).search(SearchRequest(query="张敏"))
    assert refused.value.http_status == 503
    assert f"HTTP {status}" in str(refused.value)
    assert "张敏" not in str(refused.value)


def test_a_server_of_another_kind() -> None:
    """What does not call itself Elasticsearch is not trusted with the archive's texts."""
    with answering((200, {})) as stub, connected(stub) as connection:
        stub.product = ""
        with pytest.raises(SearchRefuses):
            ElasticSearch(connection, Indices(connection)).position()


def test_nobody_there() -> None:
    """503, and a sentence that says that filing goes on."""
    with answering(TAKEN) as stub:
        pass
    with connected(stub) as connection, pytest.raises(SearchUnreachable) as refused:
        ElasticSearch(connection, Indices(connection)).search(SearchRequest())
    assert refused.value.http_status == 503
    assert "存入和查看都不受影响" in refused.value.next_zh


# ── TLS and logins ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_tls_with_a_ca_file_and_an_api_key(tmp_path: Path) -> None:
    """Who signed the certificate is in a file; the key goes in the header meant for it."""
    certificate = make_certificate(tmp_path / "server.pem")
    answer = (200, {"_index": "a", "_source": sealed("a", 5)})
    with (
        answering(answer, certificate=certificate) as stub,
        connected(stub, ca=certificate, api_key="secret") as connection,
    ):
        assert ElasticSearch(connection, Indices(connection)).position() == 5
    assert stub.asked[0][1]["authorization"] == "ApiKey secret"


def test_whose_it_is_is_asked_before_anything_else() -> None:
    """Until somebody may use the server it is asked each time, and from then on never again."""
    answers, allowed = [(200, {"_index": "a", "_source": sealed("a", 5)})], [False, True]
    with answering(*answers) as stub, connected(stub) as connection:
        engine = ElasticSearch(connection, Indices(connection))

        def confirm() -> None:
            assert engine.located().value == 5  # may itself ask
            if not allowed.pop(0):
                raise DocumentRejected("r1", "x")

        connection.confirmation.expect(confirm)
        with pytest.raises(DocumentRejected):
            engine.position()
        assert [engine.position(), engine.position()] == [5, 5]
    assert (len(stub.asked), allowed) == (4, [])


def test_a_certificate_of_somebody_else(tmp_path: Path) -> None:
    """Nothing is sent to a server whose certificate nobody trusted has signed."""
    certificate = make_certificate(tmp_path / "server.pem")
    with answering(TAKEN, certificate=certificate) as stub, connected(stub) as connection:
        with pytest.raises(SearchUnreachable) as refused:
            ElasticSearch(connection, Indices(connection)).position()
        assert stub.asked == []
    assert "TLS" in str(refused.value)


def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    """Missing or no certificate: told when the connection is made."""
    (tmp_path / "empty.pem").touch()
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(BadSearchAddress):
            Connection(SearchAddress("https://127.0.0.1:9200", "a", ca=tmp_path / name))


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_revision_never_grows_beyond_what_a_server_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last texts are cut; the documents, and the types of their files, are all there."""
    monkeypatch.setattr(mapping, "MOST_CHARACTERS", 10)
    own = document("r1", "会" * 8)
    files = [document("r1", "议" * 4, source=f"file:{n}", file_type=kind) for n, kind in enumerate(("pdf", "docx"))]
    entry = mapping.to_entry([*files, own])
    assert [each.text for each in mapping.members_of(entry)] == ["会" * 8, "议" * 2, ""]
    assert entry["file_type"] == ["docx", "pdf"]
    assert entry["members"] == [own.id, *(file.id for file in files)]


def test_what_is_written_is_read_back() -> None:
    """Every field of a document, a lone surrogate and a quotation mark in its text too."""
    for text in ('会议“"\\', "\ud800会议", "", "\x00\u2028"):
        own = document("r1", text, readers=("p1",), people=("甲",), page=3, late=True)
        assert mapping.unpacked(mapping.packed(own)) == own
        mapping.packed(own).encode()


@pytest.mark.parametrize(
    "stored", ["", "{}", "[]", '{"readers":1}', '{"readers":[],"people":[],"organisation_path":[]}']
)
def test_a_document_that_somebody_changed(stored: str) -> None:
    """What we never wrote is damage, whatever it is."""
    with pytest.raises(IndexDamaged):
        mapping.unpacked(stored)
