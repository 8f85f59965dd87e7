"""The forensic check of a whole archive: `indexers.verify` put together with what it needs of a `House`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from uuid import UUID

from adapters import parts
from adapters.bootstrap import House
from adapters.timestamps.answers import Checker
from domain.audit import audit
from domain.errors import ArchiveBusy, EventUnreadable, InputError, JianzhengError, StorageFull, Unavailable
from domain.ledger.kept import checkpoint_in
from domain.ledger.note import VerifierKey
from domain.organisations.directory import Directory
from domain.organisations.events import OrganisationAdded
from domain.ports import StoredRow
from indexers.naming import describe
from indexers.pipeline import integrate
from indexers.record_documents import DocumentsPlace
from indexers.report_folds import FoldsPlace
from indexers.rules import stored_event_fits
from indexers.verify.erasures import Remain
from indexers.verify.findings import Progress, Refusal, Verification
from indexers.verify.index_look import Searched
from indexers.verify.keys import read_keys, refused_act
from indexers.verify.reports import Reported
from indexers.verify.resume import Hashed
from indexers.verify.run import Subject, verify
from indexers.verify.timestamps import Stamps
from indexers.watched import said
from indexers.watched import witnesses as watched

INDEX_WAIT = 30.0
"""Seconds to wait for whoever writes to the index: a batch of records, or the texts of some files."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def verify_archive(
    house: House,
    *,
    since: str | None = None,
    sample: int | None = None,
    seed: int | None = None,
    hashed: Hashed | None = None,
    progress: Progress = silent,
) -> Verification:
    """Integrate what was filed, then check everything.

    ``since``: a checkpoint or a receipt that somebody kept; ``sample``: a number of files, and ``seed`` chooses which;
    ``hashed``: where a check that was interrupted goes on.
    """
    since = None if since is None else checkpoint_in(since)
    trouble: JianzhengError | None = None
    try:
        integrate(house)
    except (ArchiveBusy, StorageFull):  # an unfinished publication would look like damage
        raise
    except JianzhengError as error:  # what keeps the integrator from working is what the check will name
        trouble = error
    subject = Subject(
        evidence=parts.evidence(house.settings),
        last_signed=house.settings.keys_folder / "last-signed",
        blobs=house.blobs,
        describe=lambda stream: describe(house, stream),
        replay=lambda rows: replay(house, rows),
        fits_alone=stored_event_fits,
        pending=house.blobs.leftovers(),
        searched=searched(house),
        witnesses=_witnesses(house),
        reported=reported(house),
        stamps=stamps(house),
        keys=read_keys(house.keys, house.events, house.ledger),
        remains=lambda stream, whole, digests: _remains(house, stream, whole, digests),
    )
    found = verify(
        subject,
        since=since,
        sample=sample,
        seed=seed,
        hashed=hashed,
        lock=lambda: house.ledger_lock.held(-1),
        progress=progress,
    )
    if trouble is not None:
        found.remark(
            f"新的存证没有进账本：{trouble.message('zh')}", f"new events were not integrated: {trouble.message('en')}"
        )
    _say_unwitnessed(house, found)
    return found


def _say_unwitnessed(house: House, found: Verification) -> None:
    """Nothing is wrong with what no witness has cosigned yet; but so long the log's key alone answers for it."""
    with suppress(JianzhengError):
        state = watched(house)
        if state["state"] not in ("off", "witnessed"):
            found.remark(said(state, "zh", house.settings.zone), said(state, "en", house.settings.zone))


def _witnesses(house: House) -> tuple[VerifierKey, ...]:
    """Whose cosignatures are checked; a policy that cannot be read is another command's finding."""
    try:
        return tuple(each.key for each in house.policy.policy.witnesses.values())
    except InputError:
        return ()


def _remains(house: House, stream: UUID, whole: bool, digests: Iterable[str]) -> Iterator[Remain]:
    """What the search index and the cache of texts still hold of what was erased."""
    for sha256 in digests:
        if house.texts.holds(sha256):
            yield Remain("file", sha256, f"文件 {sha256} 的文字还在", f"the text of the file {sha256} is still kept")
    with suppress(Unavailable):  # the check of the index says that it could not look
        if whole and (names := house.engine.documents(str(stream))):
            number = len(names)
            yield Remain(
                "index", names[0], f"检索索引里还有 {number} 个条目", f"the search index holds {number} entries"
            )


def stamps(house: House) -> Stamps:
    """What time stamps are checked by, and those whose making was interrupted."""
    begun = parts.timestamps(house.settings, house.servers).unfinished()
    return Stamps(lambda name: Checker(name, house.settings.roots_of(name)), frozenset(begun))


def searched(house: House) -> Searched:
    """The search index, and how to tell what it should hold."""
    leader = parts.leader(house.servers, "search")
    return Searched(
        place=parts.index(house.settings),
        documents=lambda: DocumentsPlace(house.settings, organisations(house)),
        waiting=lambda records: house.queue.waiting(records),
        aside=lambda: house.work.streams("search"),
        alone=nullcontext if leader is None else lambda: leader.held(INDEX_WAIT),
    )


def reported(house: House) -> Reported:
    """What reports are made from, and where they are made once more."""
    return Reported(
        name="views.sqlite" if house.settings.database is None else "postgresql",
        figures=house.figures,
        events=house.events,
        ledger=house.ledger,
        folds=FoldsPlace(house.settings),
        aside=lambda: house.work.streams("figures"),
    )


def organisations(house: House) -> Directory:
    """The tree of organisations, of whatever events of it can be read; one that was tampered with is no measure."""
    directory, position = Directory(), 0
    while rows := house.events.directory_rows(position, 1_000):
        for row in rows:
            position = row.position
            with suppress(EventUnreadable):
                event = house.events.decode(row)
                if isinstance(event, OrganisationAdded) and event.parent in directory.organisations.keys() | {None}:
                    directory.apply(event)
    return directory


def replay(house: House, rows: Sequence[StoredRow]) -> Refusal | None:
    """Why the domain's rules could not have produced the rows of a stream."""
    events = []
    for row in rows:
        try:
            events.append(house.events.decode(row))
        except EventUnreadable:
            return Refusal(row.version, "读不出一个事件", "it is no event")
    found = audit(events)
    return Refusal(*found) if found is not None else refused_act(house.keys, events)
