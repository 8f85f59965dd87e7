"""Servers know whose things they keep: each database, each bucket and each prefix of indices is bound to one archive.

Without that, a home (with its key) could be pointed at another archive's database or bucket; the two would grow
together into one ledger, and could never be told apart again. A place is bound when an archive is made in it or copied
into it, and an older archive's when it is first opened: then by what its last checkpoint says, if there is one.

What is bound is asked once a process, before anything else, when the first connection is made: so a server that is
down keeps nobody from opening an archive, and none is ever used unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from domain.errors import Conflict, InputError, Unavailable
from domain.ledger.checkpoint import open_checkpoint
from domain.ledger.errors import InvalidNote
from domain.ledger.note import Verifier


class OtherArchive(InputError):
    """Home and server do not belong together: one of the settings is wrong."""

    code = "other_archive"
    http_status = 503
    zh = "{place} 里是另一个档案库（{found}），这里的是 {wanted}。没有读写其中任何内容。"
    en = "{place} holds another archive ({found}), and this one is {wanted}. Nothing there was read or written."
    next_zh = "请核对 JIANZHENG_HOME、JIANZHENG_DATABASE、JIANZHENG_BLOBS 和 JIANZHENG_SEARCH：它们要属于同一个档案库。"
    next_en = (
        "Check JIANZHENG_HOME, JIANZHENG_DATABASE, JIANZHENG_BLOBS and JIANZHENG_SEARCH: they must be those of one"
        " archive."
    )


class CopyUnfinished(Unavailable):
    """What is there was not copied whole, or not proven to be: nobody may file into it yet."""

    code = "copy_unfinished"
    zh = "{place} 里是档案库没有复制完的一份，还不能使用。"
    en = "{place} holds an unfinished copy of the archive, which cannot be used yet."
    next_zh = "请在原来的设置下再运行一次 jianzheng migrate --to，它会接着做完；在那以前继续用原来的档案库。"
    next_en = (
        "Run jianzheng migrate --to again with the former settings, which goes on where it ended; until then use the"
        " archive where it was."
    )


class PlaceInUse(Conflict):
    """Another archive's things are there: two archives in one place could never be told apart again."""

    code = "place_in_use"
    zh = "{place} 里已经有一个档案库的内容，没有改动它。"
    en = "{place} already holds things of an archive; it was not touched."
    next_zh = "请换一个空的；如果这里是原来那个档案库，请把它的 archive.json 和密钥放回 JIANZHENG_HOME。"
    next_en = "Name an empty one; if it is that archive's, put its archive.json and keys back into JIANZHENG_HOME."


class Identity(Protocol):
    """Which archive it is (`adapters.home.identity`)."""

    @property
    def origin(self) -> str:
        """The name of its ledger."""
        ...

    @property
    def created(self) -> str:
        """When it was made, ISO 8601 to the second: it tells archives of one origin apart."""
        ...

    @property
    def name(self) -> str:
        """What people call it."""
        ...


@dataclass(frozen=True)
class Bound:
    """Whose a place is. Not ``whole``: it holds an unfinished copy."""

    origin: str
    created: str
    name: str
    whole: bool = True

    @classmethod
    def to(cls, identity: Identity, *, whole: bool = True) -> Bound:
        return cls(identity.origin, identity.created, identity.name, whole)

    def fits(self, identity: Identity) -> bool:
        """An origin alone may be given to two archives by mistake."""
        return (self.origin, self.created) == (identity.origin, identity.created)


class OwnKeys(Protocol):
    """The keys of the archive that is opened."""

    def verifiers(self) -> Iterable[Verifier]:
        """One for each key that it knows as its own."""
        ...


class Place(Protocol):
    """Where an archive keeps things. The errors are those of the server."""

    def __str__(self) -> str:
        """Without secrets."""
        ...

    def bound(self) -> Bound | None:
        """What was bound last; None where nothing was."""
        ...

    def bind(self, bound: Bound) -> None:
        """In place of what was bound before, durably."""
        ...

    def empty(self) -> bool:
        """Whether it holds no evidence."""
        ...

    def vacant(self) -> bool:
        """Whether there is nothing in it at all."""
        ...

    def checkpoint(self) -> str | None:
        """The newest signed checkpoint that lies there."""
        ...


def confirm(place: Place, identity: Identity, keys: OwnKeys) -> None:
    """Raises `OtherArchive`, `CopyUnfinished`. Binds a place that never was."""
    bound = place.bound()
    if bound is None:
        _require_own(place, identity, keys)
        place.bind(Bound.to(identity))
        return
    if not bound.fits(identity):
        raise OtherArchive(place=str(place), found=bound.origin, wanted=identity.origin)
    if not bound.whole:
        raise CopyUnfinished(place=str(place))


@contextmanager
def later(put_off: Callable[[], None]) -> Iterator[None]:
    """Ask now what the block asks; where the server cannot be reached, before it is used."""
    try:
        yield
    except CopyUnfinished:
        raise
    except Unavailable:
        put_off()


def bind_new(places: Iterable[Place], identity: Identity) -> None:
    """For an archive that is being made. What an `init` that was killed has bound is bound anew: it holds nothing.

    Raises `PlaceInUse`.
    """
    for place in places:
        if not place.empty():
            raise PlaceInUse(place=str(place))
        place.bind(Bound.to(identity))


def _require_own(place: Place, identity: Identity, keys: OwnKeys) -> None:
    note = place.checkpoint()
    if note is None:
        return
    try:
        open_checkpoint(note, identity.origin, keys.verifiers())
    except InvalidNote:
        raise OtherArchive(place=str(place), found=note.partition("\n")[0], wanted=identity.origin) from None
