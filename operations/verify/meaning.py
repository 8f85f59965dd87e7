"""What a finding means for whoever is responsible for an archive: a sentence without a word of computers.

The finding itself names what was touched, exactly; this says what that amounts to, and what to do next.
"""

from __future__ import annotations

from domain.errors import Lang
from operations.verify.findings import Class, Finding, Subject

Said = tuple[str, str]
"""zh, en"""

_KEEP: Said = (
    "请先不要动这台机器，从备份里取回这一项，再查明谁能改到那里。",
    "Leave the machine as it is, restore this item from a backup, and find out who could get at it.",
)
_REBUILD: Said = (
    "存证本身完好，重建索引即可；也请查明谁能改到那里。",
    "The evidence itself is sound: building the index again is enough. Find out, too, who could get at it.",
)
_GO_ON: Said = (
    "请看 jianzheng check 说明为什么没有做完；原因消除后会自动做完。",
    "jianzheng check says why it is not complete; it goes on by itself once that is mended.",
)
_COMPARE: Said = (
    "请停止使用，取出别人保存的检查点或回执逐一比对，并请上级单位参与。",
    "Stop using it, compare with the checkpoints and receipts that others keep, and involve the superior organisation.",
)

_MEANS: dict[tuple[Class, Subject], tuple[Said, Said]] = {
    ("altered", "event"): (
        ("有一条存证在入库以后被人改过，现在看到的不是当初存入的内容。",
         "Something that was filed was changed afterwards: what is shown now is not what was filed."), _KEEP),
    ("altered", "file"): (
        ("有一份附件的内容被换过或损坏了，现在的文件不是当初交来的那一份。",
         "An attachment was exchanged or damaged: the file is not the one that was handed in."), _KEEP),
    ("deleted", "event"): (
        ("有一条存证被删掉了。它确实存入过，账本里还留着它的痕迹。",
         "Something that was filed was deleted. It was filed: the ledger still bears its trace."), _KEEP),
    ("deleted", "file"): (
        ("有一份附件不见了。它确实交来过，存证里写着它的名称和指纹。",
         "An attachment is gone. It was handed in: its name and its fingerprint are on record."), _KEEP),
    ("inserted", "event"): (
        ("有人绕过系统塞进了一条存证，它没有经过正常的存入手续。",
         "Something was slipped in past the system; it was never filed in the regular way."), _KEEP),
    ("inserted", "file"): (
        ("文件库里有一份不属于任何存证的文件。它不影响已有的存证，但不该在那里。",
         "A file lies among the attachments that belongs to nothing. It harms no record, but should not be there."),
        ("请先弄清它是什么、谁放的，再移走。", "Find out what it is and who put it there before you remove it.")),
    ("reordered", "event"): (
        ("有存证的先后次序被调换过：谁先谁后，现在显示的不可信。",
         "The order of what was filed was changed: what is shown as earlier or later cannot be trusted."), _KEEP),
    ("unauthorised", "event"): (
        ("有一条存证按规则不可能产生，是绕过系统写进去的。",
         "There is an act that the rules do not allow: it was written past the system."), _COMPARE),
    ("altered", "index"): (
        ("检索用的索引被改动或损坏，搜索结果可能不全、不对。",
         "What searches are made with was changed or damaged: results may be wrong or incomplete."), _REBUILD),
    ("deleted", "index"): (
        ("有内容在搜索里搜不到，但档案里还在。",
         "Something cannot be found by searching, though the archive still has it."), _REBUILD),
    ("inserted", "index"): (
        ("搜索会搜出档案里并没有的内容。", "Searching finds something that the archive does not hold."), _REBUILD),
    ("stale", "event"): (
        ("有一条存证已经批准销毁，内容却还在。",
         "The erasure of a record was approved, and what it held is still there."),
        _GO_ON),
    ("stale", "file"): (
        ("有一份附件已经批准销毁，却还读得出。", "The erasure of a file was approved, and it can still be read."),
        _GO_ON),
    ("stale", "index"): (
        ("搜索结果显示的与档案里的内容不一致。",
         "What a search shows differs from what the archive holds."), _REBUILD),
    ("stale", "report"): (
        ("年报里的数字与档案里的事实对不上，不要再引用这份年报。",
         "Figures of an annual report do not follow from what was filed: do not rely on that report."), _KEEP),
    ("deleted", "report"): (
        ("做年报时会漏掉这一条。", "An annual report made now would leave this out."), _REBUILD),
    ("inserted", "report"): (
        ("做年报时会多算进不该算的内容。",
         "An annual report made now would count what does not belong to it."), _REBUILD),
}  # fmt: skip

_BY_CLASS: dict[Class, tuple[Said, Said]] = {
    "altered": (
        ("用来证明“没有改过”的凭据本身被改动或损坏了。",
         "What proves that nothing was changed was itself changed or damaged."), _KEEP),
    "deleted": (
        ("用来证明“没有改过”的凭据少了一部分。", "Part of what proves that nothing was changed is gone."), _KEEP),
    "inserted": (
        ("凭据里多出了从未登记过的东西。", "Among what proves the archive there is something that was never recorded."),
        _KEEP),
    "reordered": (
        ("凭据里有两样东西被调换了位置。", "Two parts of what proves the archive changed places."), _KEEP),
    "rolled back": (
        ("档案退回到了从前的样子：后来存入的内容可能丢了。常见原因是恢复了旧备份，也可能是有人故意退回。",
         "The archive went back to an earlier state: what was filed later may be lost. Often an old backup was "
         "restored; somebody may also have done it on purpose."),
        ("请找出最近的备份和别人保存的检查点，确认丢了哪些，再补存。",
         "Find the latest backup and the checkpoints that others keep, establish what is lost, and file it again.")),
    "forked": (
        ("出现了两份互相矛盾、却都有本档案印鉴的历史：有人重写过历史，并用档案自己的密钥重新签过名。这是最严重的一种。",
         "There are two histories that contradict each other, both signed by this archive: somebody rewrote history "
         "and signed it again with the archive's own key. Nothing is more serious."), _COMPARE),
    "unauthorised": (
        ("有内容按规则不可能产生，是绕过系统写进去的。",
         "There is something that the rules do not allow: it was written past the system."), _COMPARE),
    "stale": (
        ("有一处显示的内容与存证不一致。", "Something that is shown differs from what was filed."), _REBUILD),
}  # fmt: skip


def meaning(finding: Finding, lang: Lang = "zh") -> str:
    """What it means."""
    return _text(_of(finding)[0], lang)


def advice(finding: Finding, lang: Lang = "zh") -> str:
    """What to do about it."""
    return _text(_of(finding)[1], lang)


def _of(finding: Finding) -> tuple[Said, Said]:
    return _MEANS.get((finding.klass, finding.subject), _BY_CLASS[finding.klass])


def _text(said: Said, lang: Lang) -> str:
    return said[0] if lang == "zh" else said[1]
