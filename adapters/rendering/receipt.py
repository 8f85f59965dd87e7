"""A receipt on one sheet of paper, to be bound into the minutes: PDF/A-3b, with the receipt itself attached.

The square (QR code) holds `domain.proofs.judging.on_paper`: with it the paper can be compared with the ledger, by
whoever has a telephone. The same receipt, fonts and version of Typst give the same bytes.
"""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pypdfium2
import segno

from adapters.rendering.pdf import PdfRenderer
from domain.errors import Lang
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.errors import InvalidProof
from domain.ledger.note import parse_note
from domain.ledger.proof import MAX_PROOF, SUFFIX
from domain.proofs.judging import Judgement, Said, on_paper

TEMPLATE = Path(__file__).parent / "templates" / "receipt.typ"

MOST_FILES = 8
"""Files listed on the sheet; the receipt itself names all."""

LONGEST_LINE = 120
"""Characters of a title or of a file's name on the sheet."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ue000-\uf8ff\ufffe\uffff]")

_WORDS: dict[Lang, dict[str, str]] = {
    "zh": {
        "heading": "存证回执",
        "about": "兹证明下述事件已记入档案库的账本。此后对它的任何改动、删除或倒填日期，凭本回执都能查出。",
        "what": "所证事项",
        "title": "题名",
        "code": "档号",
        "act": "事件",
        "organisation": "单位",
        "by": "经办账号",
        "at": "入库时间",
        "record": "记录编号",
        "files": "所附文件（SHA-256）",
        "more": "另有 {n} 个文件，见电子回执。",
        "ledger": "账本位置",
        "origin": "账本",
        "index": "叶序号",
        "size": "树大小",
        "leaf": "叶散列",
        "root": "树根",
        "key": "公钥编号",
        "witnesses": "见证方",
        "alone": "尚无见证方签名",
        "check": "怎样核对",
        "how": "电子回执已附在本 PDF 内，文件名为 {name}。用 jianzheng receipt verify 或网页“核对回执”可离线验证。"
        "扫描右侧方码可读出账本、叶序号、叶散列、树大小和树根，与账本公布的内容逐项比对；纸上各行与方码内容应当一致。",
    },
    "en": {
        "heading": "Receipt",
        "about": "The event below is entered in the ledger of the archive. With this receipt anyone can find out"
        " whether it was altered, deleted or back-dated afterwards.",
        "what": "What was recorded",
        "title": "Title",
        "code": "Archival code",
        "act": "Event",
        "organisation": "Organisation",
        "by": "Account",
        "at": "Recorded at",
        "record": "Record",
        "files": "Files (SHA-256)",
        "more": "{n} further files are named in the electronic receipt.",
        "ledger": "Where it is",
        "origin": "Ledger",
        "index": "Leaf index",
        "size": "Tree size",
        "leaf": "Leaf hash",
        "root": "Root",
        "key": "Key id",
        "witnesses": "Witnesses",
        "alone": "no witness has signed yet",
        "check": "How to check it",
        "how": "The electronic receipt is attached to this PDF as {name}. The command jianzheng receipt verify and the"
        " web page “Check a receipt” verify it without a network. The square on the right reads as the ledger, leaf"
        " index, leaf hash, tree size and root, to be compared with what the ledger publishes; the lines on this"
        " paper and the square say the same.",
    },
}


def receipt_pdf(
    data: str, judged: Judgement, lang: Lang, zone: tzinfo, *, record: dict[str, str], fonts: Sequence[Path] = ()
) -> bytes:
    """The sheet of one event's receipt ``data``, judged before. ``record``: its ``title``, ``code`` and
    ``organisation``, which not every event says itself. Raises `FontMissing`."""
    receipt, said = judged.receipts[0], judged.said[0]
    name = f"{record['code']}-{receipt.version}{SUFFIX}"
    square = io.BytesIO()
    segno.make(on_paper(receipt, judged.claimed), error="m", micro=False).save(
        square, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    inputs = {
        "sheet": json.dumps(_sheet(judged, lang, zone, record, name), ensure_ascii=False, sort_keys=True),
        "square": square.getvalue().decode(),
        "receipt": data,
    }
    at = (said.at or datetime(2000, 1, 1, tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    return PdfRenderer(fonts).typeset(TEMPLATE, inputs, at, standard="a-3b")


def attached(pdf: bytes) -> bytes:
    """The receipt that a sheet carries. Raises `InvalidProof` where there is none."""
    try:
        with pypdfium2.PdfDocument(pdf) as document:
            for index in range(document.count_attachments()):
                attachment = document.get_attachment(index)
                if attachment.get_name().endswith(SUFFIX):
                    data = bytes(attachment.get_data())
                    if len(data) <= MAX_PROOF:
                        return data
    except (pypdfium2.PdfiumError, ValueError):
        pass  # whatever is wrong with the file, it holds no receipt
    raise InvalidProof("这个 PDF 里没有附回执", "no receipt is attached to this PDF")


def _sheet(judged: Judgement, lang: Lang, zone: tzinfo, record: dict[str, str], name: str) -> dict[str, Any]:
    receipt, said, tree, words = judged.receipts[0], judged.said[0], judged.claimed, _WORDS[lang]
    files = [(_line(file.name), file.sha256) for file in said.files[:MOST_FILES]]
    rest = len(said.files) - len(files)
    key = parse_note(receipt.proof.checkpoint).signatures[0].key_id if judged.trusted is None else None
    log = judged.trusted.log.key_id.hex() if judged.trusted is not None else key.hex() if key else ""
    return {
        "lang": lang,
        "words": words | {"how": words["how"].format(name=name)},
        "what": [
            (words["title"], _line(record["title"])),
            (words["code"], record["code"]),
            (words["act"], _act(said, receipt.version, lang)),
            (words["organisation"], _line(record["organisation"])),
            (words["by"], _line(said.by)),
            (words["at"], _instant(said.at, zone)),
            (words["record"], said.record),
        ],
        "files": files,
        "more": words["more"].format(n=rest) if rest > 0 else "",
        "ledger": [
            (words["origin"], parse_checkpoint(parse_note(receipt.proof.checkpoint).text).origin),
            (words["index"], str(receipt.proof.index)),
            (words["size"], str(tree.size)),
            (words["leaf"], b64encode(receipt.leaf).decode()),
            (words["root"], b64encode(tree.root).decode()),
            (words["key"], log),
            (words["witnesses"], _witnesses(judged, zone) or words["alone"]),
        ],
        "name": name,
    }


def _act(said: Said, revision: int, lang: Lang) -> str:
    name = said.act[1 if lang == "zh" else 2]
    return f"{name}（第 {revision} 个事件）" if lang == "zh" else f"{name} (event {revision})"


def _witnesses(judged: Judgement, zone: tzinfo) -> str:
    if judged.trusted is None:
        return ""
    signed = sorted(judged.trusted.cosigned.items())
    return "; ".join(f"{_line(name)} {_instant(datetime.fromtimestamp(at, UTC), zone)}" for name, at in signed)


def _instant(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %z}"


def _line(text: str) -> str:
    """One line that can be printed, however long or strange the text is."""
    clean = _UNPRINTABLE.sub(" ", text)
    return clean if len(clean) <= LONGEST_LINE else clean[: LONGEST_LINE - 1] + "…"
