"""What a package proves: events in the ledger, files that the events name, and since when others know of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from adapters.packages.verifier.bag import Bag, check_bag, listed
from adapters.packages.verifier.merkle import continues, hash_leaf, implied_root
from adapters.packages.verifier.stamped import said_by, signature_holds
from adapters.packages.verifier.trouble import Wrong
from adapters.packages.verifier.trusting import Trust, unbase64

RECEIPT = "c2sp.org/tlog-proof@v1"
COMPLETE = "jianzheng/complete-stream@v1"
Said = tuple[str, str]
"""Chinese and English."""


class Report:
    """``wrong``: what does not hold; ``proven``: what does; ``open``: what this program could not look at."""

    def __init__(self) -> None:
        self.wrong: list[Said] = []
        self.proven: list[Said] = []
        self.open: list[Said] = []
        self.records = self.events = self.files = self.stamps = self.size = 0
        self.origin = ""

    @property
    def sound(self) -> bool:
        return not self.wrong

    def fails(self, error: Wrong) -> None:
        self.wrong.append((error.zh, error.en))


def check_package(bag: Bag, policy: bytes | None = None) -> Report:
    """Everything, whatever is wrong with some of it. ``policy``: what the caller trusts; else what lies in the package.

    Raises `NoPackage`.
    """
    report = Report()
    for problem in check_bag(bag):
        report.fails(problem)
    try:
        own = bag.read("data/policy")
        trust = Trust(own if policy is None else policy)
        if policy is None:
            keys = " ".join(trust.vkeys)
            report.open.append(
                (
                    f"用的是包里自带的策略。请与您从别处得到的公钥核对：{keys}",
                    f"The policy is the package's own. Compare its key with one that you have from elsewhere: {keys}",
                )
            )
        note = bag.read("data/checkpoint")
        report.origin, report.size, root, cosigned = trust.opened(note)
    except Wrong as error:
        report.fails(error)
        return report
    by = f"{len(cosigned)} 个见证方", f"{len(cosigned)} witnesses"
    report.proven.append(
        (
            f"检查点由账本 {report.origin} 签名，{report.size} 条，{by[0]}共同签名。",
            f"The checkpoint of {report.size} leaves is signed by the log {report.origin} and cosigned by {by[1]}.",
        )
    )
    highest = -1
    for folder in sorted({name.split("/")[2] for name in bag.files if name.startswith("data/records/")}):
        try:
            highest = max(highest, _record(bag, report, trust, folder, note, (report.size, root)))
        except Wrong as error:
            report.fails(Wrong(f"{folder}：{error.zh}", f"{folder}: {error.en}"))
    if not report.records:
        report.fails(Wrong("里面没有记录", "it holds no record"))
    _stamps(bag, report, trust, (report.size, root), highest)
    return report


def _record(bag: Bag, report: Report, trust: Trust, folder: str, note: bytes, tree: tuple[int, bytes]) -> int:
    """Returns the highest leaf index of the record's events."""
    base = f"data/records/{folder}/"
    numbers = sorted(name for name in bag.files if re.fullmatch(re.escape(base) + r"receipts/\d{4,}\.tlog-proof", name))
    about = _json(bag.read(base + "record.json"))
    indices: list[int] = []
    named: set[str] = set()
    ids: set[str] = set()
    if not numbers:
        raise Wrong("没有回执", "it has no receipt")
    for number, name in enumerate(numbers, 1):
        said, state, index = _receipt(bag.read(name), note, tree)
        if said["version"] != number:
            raise Wrong(f"第 {number} 个事件缺失", f"event {number} is missing")
        if bag.read(f"{base}events/{number:04}.json") != state:
            raise Wrong(f"第 {number} 个事件与回执不符", f"event {number} is not that of its receipt")
        ids.add(said["id"])
        named.update(_digests(_json(state)))
        indices.append(index)
    if ids != {about.get("record")} or about.get("code") != folder:
        raise Wrong("事件不是这条记录的", "the events are not those of the record")
    _complete(bag, report, trust, folder, (about["record"], *tree, indices))
    manifest = listed(bag, "manifest-sha256.txt")
    there = {digest: name for name, digest in manifest.items() if name.startswith(base + "files/")}
    for digest in sorted(named - there.keys()):
        raise Wrong(f"事件所附的文件 {digest} 不在包里", f"the file {digest}, which an event names, is not there")
    for digest in sorted(there.keys() - named):
        raise Wrong(f"{there[digest]} 不是事件所附的文件", f"{there[digest]} is no file that an event names")
    report.records, report.events, report.files = (
        report.records + 1,
        report.events + len(numbers),
        report.files + len(there),
    )
    report.proven.append(
        (
            f"{folder}：{len(numbers)} 个事件都在账本里，{len(there)} 个文件与事件所记的 SHA-256 相同。",
            f"{folder}: {len(numbers)} events are in the ledger, {len(there)} files have the SHA-256 that they name.",
        )
    )
    return max(indices)


def _complete(bag: Bag, report: Report, trust: Trust, folder: str, proven: tuple[str, int, bytes, list[int]]) -> None:
    """The log's signed statement of which leaves are a record's must name those of the receipts: stream, size and root
    of the tree, leaf indices. Packages of before the statement have none."""
    name = f"data/records/{folder}/complete"
    if name not in bag.files:
        said = (
            f"{folder}：包里没有账本关于“没有别的事件”的声明。",
            f"{folder}: nothing says that it has no other events.",
        )
        report.open.append(said)
        return
    stream, size, root, indices = proven
    leaves = " ".join(str(index) for index in indices)
    lines = (COMPLETE, report.origin, stream, str(size), base64.b64encode(root).decode(), leaves)
    if trust.signed(bag.read(name), report.origin) != "\n".join(lines) + "\n":
        raise Wrong("事件不是账本声明的那些", "the events are not all those that the log's statement names")


def _receipt(data: bytes, note: bytes, tree: tuple[int, bytes]) -> tuple[dict[str, Any], bytes, int]:
    """What a receipt says, the event's stored bytes, and its leaf index."""
    head, _, checkpoint = data.partition(b"\n\n")
    try:
        header, extra, line, *hashes = head.decode().split("\n")
        said = json.loads(unbase64(extra.partition("extra ")[2]))
        state, index = unbase64(said["state"]), int(line.partition("index ")[2])
        topic = json.dumps(said["topic"], ensure_ascii=False)
        digest = hashlib.sha256(state).hexdigest()
        entry = f'{{"id":"{said["id"]}","state":"{digest}","topic":{topic},"v":1,"version":{said["version"]}}}'
        proof = [unbase64(each) for each in hashes]
        sound = header == RECEIPT and said["v"] == 1 and all(len(each) == 32 for each in proof)
    except (KeyError, TypeError, ValueError):
        raise Wrong("有一份回执读不出", "a receipt cannot be read") from None
    if not sound or checkpoint != note:
        raise Wrong("有一份回执不是这个检查点的", "a receipt is not under this checkpoint")
    if implied_root(index, tree[0], hash_leaf(entry.encode()), proof) != tree[1]:
        raise Wrong(f"第 {said['version']} 个事件不在账本里", f"event {said['version']} is not in the ledger")
    return said, state, index


def _stamps(bag: Bag, report: Report, trust: Trust, tree: tuple[int, bytes], highest: int) -> None:
    for name in sorted(each for each in bag.files if each.startswith("data/timestamps/") and each.endswith(".tsr")):
        label = name[len("data/timestamps/") : -len(".tsr")]
        try:
            base = name[: -len(".tsr")]
            note, answer = bag.read(base + ".note"), bag.read(name)
            proof = [unbase64(each) for each in bag.read(base + ".proof").decode("ascii", "replace").split()]
            origin, size, root, _ = trust.opened(note, witnessed=False)
            imprint, time = said_by(answer)
            if imprint != hashlib.sha256(note).digest():
                raise Wrong("盖在别的内容上", "it is over something else")
            if origin != report.origin or not continues(size, tree[0], root, tree[1], proof):
                raise Wrong("所盖的检查点与账本不是同一段历史", "its checkpoint is of another history than the ledger")
            roots = f"data/timestamps/{label.partition('-')[2]}.pem"
            held = signature_holds(answer, note, bag.read(roots)) if roots in bag.files else None
            if held is False:
                raise Wrong("openssl 说它的签名不成立", "openssl says that its signature does not hold")
        except Wrong as error:
            report.fails(Wrong(f"时间戳 {label}：{error.zh}", f"time stamp {label}: {error.en}"))
            continue
        report.stamps += 1
        covers = highest < size
        all_zh, all_en = (
            ("这些事件", "all of these events") if covers else ("其中较早的事件", "the earlier of these events")
        )
        report.proven.append(
            (
                f"时间戳 {label}：{time} 时，账本已有 {size} 条，{all_zh}那时已经存在。",
                f"Time stamp {label}: at {time} the ledger had {size} leaves, and {all_en} existed.",
            )
        )
        if held is None:
            report.open.append(
                (
                    f"时间戳 {label} 的签名没有核对：没有 openssl，或者没有根证书。",
                    f"The signature of time stamp {label} was not checked: no openssl, or no root certificate.",
                )
            )


def _json(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Wrong("有一份 JSON 读不出", "a JSON document cannot be read")
    return document


def _digests(event: dict[str, Any]) -> Iterator[str]:
    """The SHA-256 of every file that an event names."""
    files = event.get("files")
    for each in files if isinstance(files, list) else ():
        if isinstance(each, dict) and isinstance(each.get("sha256"), str):
            yield each["sha256"]
