"""The page that checks receipts, in a real browser without a network: it says what the command says."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from playwright.sync_api import FilePayload, Locator

from adapters.home.house import open_archive
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.cosignature import Cosignature, signed_message
from domain.ledger.entry import entry
from domain.ledger.note import COSIGNATURE_ML_DSA_44, Signature, VerifierKey
from domain.ledger.policy import Group, Known, Policy
from domain.ledger.receipt import encode_receipt
from domain.ledger.tree import inclusion_proof, leaf_hash, root_of
from tests.e2e.conftest import Served, Watched
from tests.e2e.world import ADMIN, CLERK, SECRETARY, filed
from tests.receipt_vectors import (
    ALONE,
    KNOWN,
    LEAVES,
    LOG,
    RECORD,
    TOPIC,
    TWO_OF_THREE,
    Vector,
    complete,
    cosigned,
    note,
    python_says,
    receipt,
    vectors,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

JUDGE = """async (vectors) => {
  const { judge } = await import("/static/js/receipt/judge.js");
  const { readPolicy } = await import("/static/js/receipt/policy.js");
  const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const answers = [];
  for (const [receipt, trusted] of vectors) {
    let policy = null;
    try {
      policy = await readPolicy(bytes(trusted));
    } catch (error) {
      if (!error.code) throw error;
      answers.push(["policy", false]);
      continue;
    }
    const found = await judge(bytes(receipt), policy);
    answers.push(found.ok ? ["", true] : [found.error.code, !found.malformed]);
  }
  return answers;
}"""


@dataclass
class Checker:
    """The page with the network cut off."""

    watched: Watched

    @property
    def result(self) -> Locator:
        return self.watched.page.locator("#result")

    def take(self, name: str, data: bytes | str, *more: tuple[str, bytes]) -> None:
        sent = data.encode() if isinstance(data, str) else data
        files = [FilePayload(name=f"{name}.txt", mimeType="text/plain", buffer=sent)]
        files += [FilePayload(name=other, mimeType="text/plain", buffer=content) for other, content in more]
        self.watched.page.set_input_files(f"#{name}", files)

    def says(self, kind: str) -> str:
        """The text of the result once it is of that kind."""
        self.result.locator(f".stamp.{kind}").first.wait_for()
        return self.result.inner_text()


@pytest.fixture
def checker(watched: Watched) -> Iterator[Checker]:
    watched.goto("/receipt")
    watched.page.wait_for_load_state("networkidle")
    watched.page.context.set_offline(True)
    yield Checker(watched)
    watched.page.context.set_offline(False)


def test_page_and_command_say_the_same(watched: Watched) -> None:
    """Hundreds of receipts and policies, sound, altered and spelled otherwise: one answer each, the same from both."""
    watched.goto("/receipt")
    all_of_them = list(vectors())
    sent = [[b64encode(each.receipt).decode(), b64encode(each.policy).decode()] for each in all_of_them]
    browser = watched.page.evaluate(JUDGE, sent)
    answers = zip(all_of_them, browser, strict=True)
    differ = [(each.name, list(python_says(each)), said) for each, said in answers if said != list(python_says(each))]
    assert differ == []


def test_a_sound_receipt_is_explained(checker: Checker) -> None:
    """Title, event, who, files, tree and witnesses; and the files at hand are compared."""
    checker.take("policy", TWO_OF_THREE)
    checker.take("file", receipt(3, 8, cosigned(note(8), "a", "b")))
    said = checker.says("ok")
    for word in ("专题党课：从历史中汲取力量", "存证", "clerk", "签到表.txt", "archive.example/log", "2023年11月15日"):
        assert word in said
    assert "没有要求任何见证方" not in said
    checker.take("files", "签到表", ("other.txt", b"other"))
    checker.result.locator("text=✕").first.wait_for()
    assert "就是事件所记的“签到表.txt”" in checker.result.inner_text()


def test_what_is_altered_proves_nothing(checker: Checker) -> None:
    """Neither the title nor anything else of it is shown as if it were so."""
    checker.take("policy", ALONE)
    checker.take("file", receipt(3, 8).replace("index 3", "index 4"))
    said = checker.says("bad")
    assert "什么也证明不了" in said
    assert "专题党课" not in said


def test_another_policy_does_not_trust_it(checker: Checker) -> None:
    """This site's own key signed nothing of it; a file that is no policy is told; so are too few witnesses."""
    checker.take("file", receipt(3, 8))
    assert "没有可信密钥的签名" in checker.says("bad")
    checker.take("policy", "nonsense\n")
    checker.result.get_by_text("策略文件不能用").wait_for()
    checker.take("policy", TWO_OF_THREE)
    checker.result.get_by_text("见证方签名不足").wait_for()


def test_a_completeness_receipt_lists_all_events(checker: Checker) -> None:
    """And says that there are no others."""
    checker.take("policy", ALONE)
    checker.take("file", complete(3))
    assert "只有下面 3 个事件" in checker.says("ok")


def test_what_a_browser_cannot_check_is_named(checker: Checker) -> None:
    """A witness that signs with ML-DSA is not counted, and that is said, whether or not the others are enough."""
    secret = MLDSA44PrivateKey.generate()
    key = VerifierKey("witness.example/m", COSIGNATURE_ML_DSA_44, secret.public_key().public_bytes_raw())
    whole = cosigned(note(8), "a")
    signature = secret.sign(signed_message(key, 1_700_000_000, whole.rpartition("\n\n")[0] + "\n"))
    whole += Signature(key.name, key.key_id, Cosignature(1_700_000_000, signature).blob()).line()
    known = {"a": KNOWN["a"], "m": Known(key)}
    for least, said in ((1, "没有计入：m"), (2, "浏览器核对不了")):
        policy = Policy("g", (Known(LOG.key),), known, {"g": Group(least, ("a", "m"))}).encode()
        assert python_says(Vector("", receipt(3, 8, whole).encode(), policy)).code == ""
        checker.take("policy", policy)
        checker.take("file", receipt(3, 8, whole))
        checker.result.get_by_text(said).wait_for()


def test_what_is_in_a_receipt_is_never_markup(checker: Checker) -> None:
    """A receipt may come from anybody: its texts are shown as texts."""
    hostile = "<img src=x onerror=\"document.title='XSS'\">"
    state = json.dumps({"content": {"title": hostile}, "actor": hostile, "recorded_at": hostile}).encode()
    leaves = [leaf_hash(entry(RECORD, 1, TOPIC, state)), *LEAVES[:2]]
    whole = LOG.sign_note(Checkpoint(LOG.name, 3, root_of(leaves)).text())
    hashes = inclusion_proof(0, 3, lambda start, end: root_of(leaves[start:end]))
    checker.take("policy", ALONE)
    checker.take("file", encode_receipt(RECORD, 1, TOPIC, state, index=0, hashes=hashes, checkpoint=whole))
    assert hostile in checker.says("ok")
    assert checker.result.locator("img").count() == 0


def test_the_receipt_of_a_record_page_holds(watched: Watched, served: Served) -> None:
    """Downloaded where the record is shown, it verifies in the page with the site's own key, and that is said."""
    code = served.codes["lecture"]
    watched.sign_in(SECRETARY)
    page = watched.goto(f"/records/{code}")
    with page.expect_download() as downloading:
        page.locator("#receipts a").first.click()
    data = downloading.value.path().read_bytes()
    assert downloading.value.suggested_filename.startswith(f"{code}-")
    watched.goto("/receipt")
    checker = Checker(watched)
    checker.take("file", data)
    said = checker.says("ok")
    assert "本站自己公布的策略" in said
    assert "没有要求任何见证方" in said


def test_the_archive_is_asked_what_became_of_an_event(watched: Watched, served: Served) -> None:
    """When somebody presses the button, and not before: it is still there; nobody answers; it was erased."""
    with closing(open_archive(served.settings)) as house:
        clerk, secretary, admin = (house.directory().account(name).actor() for name in (CLERK, SECRETARY, ADMIN))
        day = house.archive.today().isoformat()
        record = filed(house, clerk, "study_session", "党课", "以后要销毁的一讲", day, {})
        data = house.receipts.one(admin, record.code)
        watched.goto("/receipt")
        checker, asked = Checker(watched), list[str]()
        watched.page.on("request", lambda sent: asked.append(sent.url) if "/api/" in sent.url else None)
        answer = checker.result.locator(".sheet p", has_text="档案库")
        checker.take("file", data)
        checker.says("ok")
        assert asked == []
        checker.result.get_by_role("button").click()
        answer.get_by_text("没有销毁").wait_for()
        assert ["/api/v1/receipts/event?" in url for url in asked] == [True]
        watched.page.context.set_offline(True)
        checker.take("file", data)
        checker.result.get_by_role("button").click()
        answer.get_by_text("没有回答").wait_for()
        watched.page.context.set_offline(False)
        house.erasing.propose(secretary, record.code, "privacy", "教党〔2024〕7号")
        house.erasing.approve(admin, record.code)
    checker.take("file", data)
    checker.result.get_by_role("button").click()
    answer.get_by_text(f"依法销毁（{record.code} 第 3 个事件）").wait_for()
