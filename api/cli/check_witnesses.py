"""The question of ``jianzheng check`` about witnesses: do enough of them cosign, and does any raise an alarm?"""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.ledger.policy import PolicyFile
from adapters.servers.safety import Risk, of_signed_line
from api.cli.check_answers import LANGUAGES, Answer, Look
from domain.errors import InputError
from indexers.loop.witness_status import said
from indexers.loop.witness_status import witnesses as watched

PATIENCE = 600.0
"""Seconds for which witnesses may be away before anybody needs to know."""


def witnesses(look: Look) -> Answer:
    """Whether enough witnesses cosign the newest checkpoint; a warning where they have not for `PATIENCE`, or nobody
    can say.
    """
    house = look.context.house
    cosigning = watched(house.trust, house.cosignatures, house.ledger, look.settings.lang)
    facts = {key: cosigning[key] for key in ("state", "quorum", "tree_size", "since", "witnesses")}
    zh, en = (said(cosigning, lang, look.settings.zone) for lang in LANGUAGES)
    unsafe = [Risk("witness_alarm", f"{zh}。", f"{en}.")] if cosigning["state"] == "alarm" else []
    unsafe += _lines(house.trust)
    late = cosigning["since"] is not None and _age(cosigning["since"]) > PATIENCE
    warning = cosigning["state"] == "unknown" or (cosigning["state"] == "unwitnessed" and late)
    return Answer(zh, en, unsafe=unsafe, facts=facts, warning=warning)


def _lines(trust: PolicyFile) -> list[Risk]:
    """Of the addresses in the policy; that one cannot be read is told by the state."""
    try:
        known = trust.read().policy.witnesses
    except InputError:
        return []
    return [
        remark
        for name, one in known.items()
        if one.url
        for remark in of_signed_line(f"见证方 {name}", f"the witness {name}", one.url)
    ]


def _age(since: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds()
