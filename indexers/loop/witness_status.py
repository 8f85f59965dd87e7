"""How the witnesses fare, for people: do enough of them cosign what is published, since when not, and who answers?"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapters.ledger.policy import PolicyFile
from adapters.witness.asking import endpoints
from adapters.witness.store import Asked, CosignatureStore
from domain.errors import JianzhengError, Lang
from domain.ledger.policy import Policy
from domain.ports.ledger import LedgerTables
from indexers.loop.dead_letters import instant

OFF: dict[str, Any] = {
    "state": "off", "quorum": None, "tree_size": None, "at": None, "since": None, "witnesses": [], "fault": None,
}  # fmt: skip
"""No policy names a witness."""


def witnesses(
    trust: PolicyFile, cosignatures: CosignatureStore, ledger: LedgerTables, lang: Lang = "zh"
) -> dict[str, Any]:
    """``state``: ``off``, ``witnessed``, ``unwitnessed``, ``alarm``, or ``unknown`` where the policy cannot be read.

    ``tree_size`` and ``at`` are of the last checkpoint that met the quorum, ``since`` is when the first leaf came that
    no such checkpoint covers.
    """
    if not trust.given:
        return OFF
    try:
        policy = trust.read().policy
    except JianzhengError as error:
        return {**OFF, "state": "unknown", "fault": {"code": error.code, "message": error.message(lang)}}
    if not policy.witnesses:
        return OFF
    asked, size, last = cosignatures.asked(), ledger.published(), cosignatures.witnessed()
    covered = last.size if last is not None else 0
    since = None
    if policy.witnessed and covered < size:
        began = ledger.batch_time(covered)
        since = None if began is None else instant(began.timestamp())
    each = _each(policy, asked, lang)
    alarm = any(one["alarm"] for one in each)
    enough = not policy.witnessed or covered >= size
    return {
        "state": "alarm" if alarm else "witnessed" if enough else "unwitnessed",
        "quorum": policy.quorum,
        "tree_size": last.size if last is not None else None,
        "at": instant(last.met) if last is not None else None,
        "since": since,
        "witnesses": each,
        "fault": None,
    }


def said(state: dict[str, Any], lang: Lang, zone: ZoneInfo) -> str:
    """The same in one sentence."""
    zh = lang == "zh"
    if state["state"] == "off":
        return "没有请见证方" if zh else "no witness is asked"
    if state["state"] == "unknown":
        message: str = state["fault"]["message"]
        return message
    names = "、".join(one["name"] for one in state["witnesses"] if one["alarm"])
    if state["state"] == "alarm":
        return (
            f"警报：见证方 {names} 见过的账本与现在的接不上，请马上运行 jianzheng verify"
            if zh
            else f"ALARM: what {names} saw is not continued by the present ledger: run jianzheng verify now"
        )
    if state["state"] == "unwitnessed":
        began = datetime.fromisoformat(state["since"]) if state["since"] else None
        since = f"{began.astimezone(zone):%Y-%m-%d %H:%M}" if began else "?"
        return (
            f"从 {since} 起公布的还没有足够的见证"
            if zh
            else f"what was published since {since} is not witnessed enough"
        )
    return (
        f"公布的检查点已有足够的见证（{state['quorum']}）"
        if zh
        else f"the published checkpoint is witnessed ({state['quorum']})"
    )


def _each(policy: Policy, asked: dict[str, Asked], lang: Lang) -> list[dict[str, Any]]:
    shown = []
    for endpoint in endpoints(policy):
        one = asked.get(endpoint.url, Asked(endpoint.url))
        fault = one.fault
        shown.append(
            {
                "name": " ".join(endpoint.names),
                "url": endpoint.url,
                "tree_size": one.size if one.cosigned else None,
                "cosigned_at": instant(one.cosigned) if one.cosigned else None,
                "alarm": one.alarm,
                "attempts": one.failures,
                "fault": fault and {"code": fault.code, "message": fault.zh if lang == "zh" else fault.en},
            }
        )
    return shown
