"""The ledger's own tables, and what was signed, against the true tree."""

from __future__ import annotations

from typing import Any

from adapters.evidence.questions import LedgerEvidence
from domain.ledger.tiles import WIDTH
from operations.verify.anchors import Anchors
from operations.verify.findings import Verification
from operations.verify.truth import Truth
from operations.verify.walk import TreeWalk

LEVELS = range(1, 8)
"""Of nodes: no ledger has 256**8 leaves."""


def check_nodes(result: Verification, ledger: LedgerEvidence, walk: TreeWalk, lost: int, ahead: int) -> None:
    """The nodes that the ledger's table keeps for making roots. Those of a batch that is about to be published may be
    there already."""
    missing = {
        (level, n) for level, nodes in enumerate(walk.levels, 1) for n in range(min(len(nodes), lost >> 8 * level))
    }
    for level, index, value in ledger.nodes():
        key = (level, index)
        if key in missing:
            missing.discard(key)
            if value != walk.levels[level - 1][index]:
                _node_finding(result, "altered", ledger.name, key, "被改动", "was altered")
        elif not _may_be_ahead(level, index, walk.size, ahead):
            _node_finding(result, "inserted", ledger.name, key, "不属于这棵树", "does not belong to the tree")
    for key in sorted(missing):
        _node_finding(result, "deleted", ledger.name, key, "不见了", "is missing")


def _may_be_ahead(level: Any, index: Any, size: int, ahead: int) -> bool:
    """Whether a node can be one of a batch that is about to be published."""
    if type(level) is not int or type(index) is not int or level not in LEVELS:
        return False
    return size < (index + 1) << 8 * level <= ahead


def _node_finding(result: Verification, klass: Any, store: str, key: tuple[Any, Any], zh: str, en: str) -> None:
    name = f"{store}:nodes/{key[0]}/{key[1]}"
    result.add(klass, "ledger", f"账本节点 {name} {zh}。", f"The ledger's node {name} {en}.", file=name)


def lost_table(result: Verification, ledger: LedgerEvidence, in_table: int, size: int) -> int:
    """Where the table of leaves ends early: restored to an earlier state as a whole, or cut off.

    Returns the index from which on missing leaves were reported as one finding; ``size`` where none were.
    """
    batches = ledger.batches()
    if in_table >= size or not batches or batches[-1][1] != in_table:
        return size
    result.add(
        "rolled back",
        "ledger",
        f"账本库退回到了较早的状态：只有 {in_table} 片叶，已签署 {size} 片。",
        f"The ledger's database went back to an earlier state: it has {in_table} leaves, {size} were signed.",
        file=ledger.name,
    )
    return in_table


def report_unconfirmed(result: Verification, truth: Truth) -> None:
    """Chunks that no longer hash up to their node, though event, leaf, tile and bundle may all agree."""
    for number in truth.unconfirmed:
        if not any(f.leaf_index is not None and f.leaf_index // WIDTH == number for f in result.findings):
            _rewritten(result, number * WIDTH, number * WIDTH + WIDTH - 1)


def check_roots(result: Verification, walk: TreeWalk, anchors: Anchors, store: str) -> None:
    """What was signed at each size is the root of the present tree at that size.

    The first root that differs tells between which leaves history was rewritten. Where the newest agrees, somebody
    signed the rewritten history with the real key. ``store`` is the name of the ledger's database.
    """
    signed = sorted(size for size in anchors.roots if size <= walk.size)
    wrong = [size for size in signed if walk.roots.get(size) != anchors.roots[size]]
    if wrong:
        before = max((size for size in signed if size < wrong[0]), default=0)
        if signed[-1] in wrong:
            _rewritten(result, before, wrong[0] - 1)
        else:
            result.add(
                "forked",
                "checkpoint",
                f"第 {before} 至 {wrong[0] - 1} 片叶与签过名的检查点（{wrong[0]} 条）不符，而较新的检查点与之相符："
                "历史被改写后重新签过名。",
                f"Leaves {before} to {wrong[0] - 1} contradict the signed checkpoint of {wrong[0]} leaves, while a"
                " newer one agrees with them: history was rewritten and signed again.",
                file=f"{store}:checkpoints/{wrong[0]}",
                leaf_index=before,
            )
    since = anchors.since
    if since is None:
        return
    if since.size > walk.size:
        result.add(
            "rolled back",
            "ledger",
            f"您保存的检查点有 {since.size} 条，现在只有 {walk.size} 条。",
            f"The checkpoint that you kept has {since.size} leaves; now there are {walk.size}.",
            file="--since",
        )
    elif walk.roots.get(since.size) != since.root:
        result.add(
            "forked",
            "checkpoint",
            f"前 {since.size} 条与您保存的检查点不符：那以后历史被改写过。",
            f"The first {since.size} leaves contradict the checkpoint that you kept: history was rewritten since.",
            file="--since",
        )


def _rewritten(result: Verification, first: int, last: int) -> None:
    result.add(
        "altered",
        "ledger",
        f"第 {first} 至 {last} 片叶算不出已签署的根：这一段的事件和账本被一起改写过，哪一条已无从分辨。",
        f"Leaves {first} to {last} do not lead to the root that was signed: events and ledger were rewritten there"
        " together, and which of them can no longer be told.",
        leaf_index=first,
    )


def check_extra_leaves(result: Verification, ledger: LedgerEvidence, in_table: int, size: int) -> None:
    """Leaves behind the signed tree belong to a batch that is about to be published, or to nobody."""
    batches = ledger.batches()
    end = max(size, batches[-1][1] if batches and type(batches[-1][1]) is int else 0)
    if min(end, in_table) > size:
        result.remark(
            f"有 {min(end, in_table) - size} 片叶还没有公布。",
            f"{min(end, in_table) - size} leaves are not published yet.",
        )
    for index in ledger.outside(end):
        result.add(
            "inserted",
            "leaf",
            f"账本库里多出第 {index} 片叶。",
            f"Leaf {index} of the ledger's database does not belong there.",
            file=f"{ledger.name}:leaves/{index}",
            leaf_index=index,
        )


def check_tracking(result: Verification, ledger: LedgerEvidence, in_table: int) -> None:
    """The tracking position is that of the last leaf, unless something is wrong with that leaf already."""
    last = ledger.leaves(in_table - 1, in_table)
    told = any(f.subject == "leaf" and (f.leaf_index or 0) >= in_table - 1 for f in result.findings)
    if last and last[0][1] != ledger.tracking() and not told:
        result.add(
            "altered",
            "ledger",
            "账本的读取位置与最后一片叶不符。",
            "The ledger's tracking position is not that of the last leaf.",
            file=f"{ledger.name}:tracking",
        )
