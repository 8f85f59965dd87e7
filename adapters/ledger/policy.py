"""The archive's own trust policy: the file that the settings name, else one that asks for no witness."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from domain.errors import NotFound
from domain.ledger.policy import InvalidPolicy, Policy, of_one_log, parse_policy


@dataclass(frozen=True)
class PublishedPolicy:
    """``data``: the file to the byte."""

    policy: Policy
    data: bytes


def read_policy(path: Path | None, vkey: str) -> PublishedPolicy:
    """Raises `NotFound` where the file cannot be read, `InvalidPolicy` where it means nothing or leaves us out."""
    if path is None:
        policy = of_one_log(vkey)
        return PublishedPolicy(policy, policy.encode())
    try:
        data = path.read_bytes()
    except OSError:
        raise NotFound("信任策略文件", "trust policy file", str(path), file=str(path)) from None
    policy = parse_policy(data)
    if vkey not in {log.key.encode() for log in policy.logs}:
        raise InvalidPolicy("没有列出本账本的公钥", "it does not list this ledger's own key", file=str(path))
    return PublishedPolicy(policy, data)
