"""The archive's own trust policy (C2SP ``tlog-policy``): its keys, and the witnesses of the file in the settings.

It is for those who come by for the first time; a verifier uses the policy that they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from domain.errors import NotFound, Unavailable
from domain.ledger.note import parse_vkey
from domain.ledger.policy import NONE, InvalidPolicy, Known, Policy, parse_policy


@dataclass(frozen=True)
class PublishedPolicy:
    """``data``: the file, to the byte as long as the keys of this ledger that it lists are those in force."""

    policy: Policy
    data: bytes


def read_policy(path: Path | None, *vkeys: str) -> PublishedPolicy:
    """``vkeys`` are the keys in force, the newest first. A file that was written before they were changed is published
    with the present ones. Raises `NotFound` where it cannot be read, `InvalidPolicy` where it means nothing or has no
    key of ours."""
    keys = [parse_vkey(vkey) for vkey in vkeys]
    if path is None:
        return _made(Policy(NONE, tuple(map(Known, keys))))
    try:
        data = path.read_bytes()
    except OSError:
        raise NotFound("信任策略文件", "trust policy file", str(path), file=str(path)) from None
    policy = parse_policy(data)
    listed = [log for log in policy.logs if log.key.name == keys[0].name]
    if not listed:
        raise InvalidPolicy("没有列出本账本的公钥", "it does not list this ledger's own key", file=str(path))
    if {log.key for log in listed} == set(keys):
        return PublishedPolicy(policy, data)
    ours = tuple(Known(key, listed[0].url) for key in keys)
    return _made(replace(policy, logs=(*ours, *(log for log in policy.logs if log not in listed))))


class PolicyUnusable(Unavailable):
    """What is wrong with the file is for the operator to see (`jianzheng check`), not for whoever asks for it."""

    code = "policy_unusable"
    zh = "本档案库的信任策略文件现在不能用。"
    en = "The trust policy of this archive cannot be used now."
    next_zh = "请告诉管理员：用 jianzheng check 可以看到原因。核验时也可以用您自己手里的策略。"
    next_en = "Tell the administrator: jianzheng check says why. You may check with a policy that you hold yourself."


class PolicyFile:
    """The policy as it is now: read again when the file or the keys were changed. ``vkeys`` gives those in force, the
    newest first."""

    def __init__(self, path: Path | None, vkeys: Callable[[], Sequence[str]]) -> None:
        self._path, self._vkeys = path, vkeys
        self._read: tuple[object, PublishedPolicy] | None = None

    @property
    def given(self) -> bool:
        """Whether there is a file: without one no witness is asked."""
        return self._path is not None

    def read(self) -> PublishedPolicy:
        """Raises what `read_policy` raises."""
        vkeys = tuple(self._vkeys())
        seen = vkeys, _identity(self._path)
        if self._read is None or self._read[0] != seen:
            self._read = seen, read_policy(self._path, *vkeys)
        return self._read[1]

    def published(self) -> PublishedPolicy:
        """What the archive tells the world to trust. Raises `PolicyUnusable`."""
        try:
            return self.read()
        except (InvalidPolicy, NotFound):
            raise PolicyUnusable from None


def _identity(path: Path | None) -> tuple[int, ...] | None:
    try:
        about = path.stat() if path is not None else None
    except OSError:
        return None
    return None if about is None else (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


def _made(policy: Policy) -> PublishedPolicy:
    return PublishedPolicy(policy, policy.encode())
