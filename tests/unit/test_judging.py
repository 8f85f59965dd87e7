"""What a receipt proves, as people and programs are told; and the sheet of paper with its square."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta, timezone
from pathlib import Path
from uuid import UUID

import pypdfium2
import pytest
import segno

from adapters.keys.signing import verifier_of
from adapters.rendering.receipt import attached, receipt_pdf
from api.common.receipts import Compared, judgement_json, lines, read_policy
from domain.errors import JianzhengError
from domain.ledger.errors import InvalidNote, InvalidProof
from domain.ledger.policy import InvalidPolicy
from domain.ledger.receipt import encode_receipt, read_receipt
from domain.proofs.judging import PAPER, Judgement, judge, on_paper, said_by
from tests.receipt_vectors import (
    ALONE,
    FILE,
    LOG,
    TITLE,
    TWO_OF_THREE,
    complete,
    cosigned,
    note,
    python_says,
    receipt,
    vectors,
)

NOTO = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
needs_noto = pytest.mark.skipif(not NOTO.exists(), reason="fonts-noto-cjk is not installed")
SHANGHAI = timezone(timedelta(hours=8))
RECORD = {"title": TITLE, "code": "school-01-2023-0001", "organisation": "第一小学"}


def judged(text: str, policy: bytes = ALONE) -> Judgement:
    return judge(text.encode(), read_policy(policy), verifier_of)


def test_what_is_proven_is_said_in_words_and_as_data() -> None:
    """Event, title, who, when, files, tree and witnesses with their times; the same in the JSON."""
    found = judged(receipt(3, 8, cosigned(note(8), "a", "b")), TWO_OF_THREE)
    digest = hashlib.sha256(FILE).hexdigest()
    compared = [Compared("a.txt", digest, found.files()[digest].name)]
    answer = judgement_json(found, "zh", compared, zone=SHANGHAI)
    assert answer["ok"]
    assert answer["warnings"] == []
    (event,) = answer["proven"]["events"]
    assert (event["event"], event["title"], event["by"], event["leaf_index"]) == ("filed", TITLE, "clerk", 3)
    assert answer["checkpoint"]["tree_size"] == 8
    assert [w["name"] for w in answer["witnesses"]] == ["a", "b"]
    said = "\n".join(lines(answer, "zh", SHANGHAI))
    for word in (TITLE, "2023-05-04 12:00:00", "clerk", digest, "树大小 8", "见证方 a 于 2023-11-15T06:13:20+08:00"):
        assert word in said
    assert "The receipt holds" in "\n".join(lines(judgement_json(found, "en"), "en", SHANGHAI))


def test_a_policy_without_witnesses_is_warned_of() -> None:
    """The log alone vouches for itself, and whoever checks is told; so is a key that nobody brought along."""
    answer = judgement_json(judged(receipt(3, 8)), "en", own=True)
    assert answer["ok"]
    assert [warning.split(",")[0] for warning in answer["warnings"]] == [
        "The policy asks for no witness: all that is shown is that the log itself signed this. Had its owner signed"
        " another history for somebody else",
        "No policy was named",
    ]


def test_a_file_that_is_not_the_events_is_a_finding() -> None:
    """The receipt holds, the answer as a whole does not."""
    answer = judgement_json(judged(receipt(3, 8)), "zh", [Compared("b.txt", "00" * 32, None)])
    assert not answer["ok"]
    assert "✗ b.txt" in "\n".join(lines(answer, "zh", SHANGHAI))


def test_nothing_is_repeated_of_a_receipt_that_proves_nothing() -> None:
    """What an altered receipt claims is not shown as if it were so."""
    found = judged(receipt(3, 8).replace("index 3", "index 4"))
    answer = judgement_json(found, "zh")
    assert (answer["ok"], answer["proven"], answer["checkpoint"], answer["witnesses"]) == (False, None, None, [])
    assert TITLE not in "\n".join(lines(answer, "zh", SHANGHAI))


def test_a_completeness_receipt_is_judged_as_a_whole() -> None:
    """All events, in order, and the words say that there are no others."""
    answer = judgement_json(judged(complete(5)), "zh")
    assert (answer["kind"], answer["proven"]["complete"]) == ("complete", True)
    assert [event["revision"] for event in answer["proven"]["events"]] == [1, 2, 3, 4, 5]
    assert "只有下面 5 个事件" in next(lines(answer, "zh", SHANGHAI))


def test_every_vector_ends_in_an_answer() -> None:
    """Whatever the file and the policy, it holds or it is refused with an error of ours; all kinds are among them."""
    codes = [python_says(vector) for vector in vectors()]
    assert {code.code for code in codes} == {"", "proof_invalid", "note_invalid", "quorum_not_met", "policy"}
    assert sum(code.code == "" for code in codes) > 30
    assert all(vector.name.startswith("sound") <= (code.code == "") for vector, code in zip(vectors(), codes, strict=1))


@pytest.mark.parametrize(
    "state",
    [b"", b"[]", b"\xff", b"[" * 10_000, json.dumps({"content": [], "files": {}, "recorded_at": 1}).encode(),
     json.dumps({"files": [1, {"name": 1}, {"sha256": "x", "size": "1"}], "recorded_at": "2023-05-04"}).encode()],
)  # fmt: skip
def test_an_event_of_another_kind_says_little_and_breaks_nothing(state: bytes) -> None:
    """A receipt from anywhere may hold anything; what cannot be read is left out."""
    made = encode_receipt(UUID(int=1), 1, "other:topic", state or b"{}", index=0, hashes=[], checkpoint=note(1))
    said = said_by(read_receipt(made))
    assert (said.title, said.files, said.at, said.act) == ("", (), None, ("other:topic",) * 3)


@pytest.mark.parametrize("data", [b"", b"x", b"%PDF-1.7", b"{}", receipt(0, 1).partition("\n\n")[0].encode()])
def test_what_is_no_receipt_is_wrong_input(data: bytes) -> None:
    """It can be told apart from a receipt that proves nothing."""
    with pytest.raises((InvalidProof, InvalidNote)):
        judge(data, read_policy(ALONE), verifier_of)


def test_a_policy_may_be_a_single_key() -> None:
    """As the archive gives it out; what is neither is refused."""
    assert read_policy(LOG.vkey().encode() + b"\n").logs[0].key == LOG.key
    assert [log.key for log in read_policy(f"{LOG.vkey()}\n{LOG.vkey()}\n".encode()).logs] == [LOG.key, LOG.key]
    for data in (b"", b"nonsense\n", b"a+b+c", b"\xff+\xff+\xff"):
        with pytest.raises((InvalidPolicy, InvalidNote)):
            read_policy(data)


@needs_noto
def test_the_sheet_carries_the_receipt_and_says_what_it_says() -> None:
    """One page; title, leaf hash and root are on it, the receipt itself is attached and still verifies."""
    text = receipt(3, 8, cosigned(note(8), "a"))
    found = judged(text, TWO_OF_THREE.replace(b"quorum two", b"quorum none"))
    pdf = receipt_pdf(text, found, "zh", SHANGHAI, record=RECORD)
    assert attached(pdf).decode() == text
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 1
        shown = "".join(document[0].get_textpage().get_text_bounded().split()).replace("\u200b", "")
    for word in (TITLE, "第一小学", "school-01-2023-0001", *on_paper(found.receipts[0], found.claimed).split()[1:]):
        assert word in shown
    assert receipt_pdf(text, found, "zh", SHANGHAI, record=RECORD) == pdf
    english = receipt_pdf(text, found, "en", SHANGHAI, record={**RECORD, "title": "x" * 5000 + "\x00\u202e"})
    with pypdfium2.PdfDocument(english) as document:
        assert len(document) == 1


@needs_noto
def test_the_square_on_the_sheet_is_what_it_should_be() -> None:
    """The dark and light squares of the printed page are those of the text that the paper is compared by."""
    text = receipt(3, 8)
    found = judged(text)
    with pypdfium2.PdfDocument(receipt_pdf(text, found, "zh", SHANGHAI, record=RECORD)) as document:
        picture = document[0].render(scale=6).to_pil().convert("1")
    said = on_paper(found.receipts[0], found.claimed)
    assert said.splitlines()[0] == PAPER
    expected = [[bool(dot) for dot in row] for row in segno.make(said, error="m", micro=False).matrix]
    size = len(expected)
    left, top, right, bottom = _square(picture)
    width, height = (right - left) / size, (bottom - top) / size
    printed = [
        [not picture.getpixel((int(left + (x + 0.5) * width), int(top + (y + 0.5) * height))) for x in range(size)]
        for y in range(size)
    ]
    assert printed == expected


def _square(picture: object) -> tuple[int, int, int, int]:
    """Where the square is: the dark dots in the right third of the middle of the page."""
    from PIL.Image import Image
    from PIL.ImageOps import invert

    assert isinstance(picture, Image)
    wide, high = picture.size
    box = (int(wide * 0.68), int(high * 0.25), wide, int(high * 0.8))
    found = invert(picture.crop(box).convert("L")).getbbox()
    assert found is not None
    return box[0] + found[0], box[1] + found[1], box[0] + found[2], box[1] + found[3]


def test_a_pdf_without_a_receipt_is_refused() -> None:
    """Whatever is wrong with it."""
    for data in (b"%PDF-1.7", b"", b"x" * 100):
        with pytest.raises(JianzhengError):
            attached(data)
