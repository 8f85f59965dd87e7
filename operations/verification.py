"""The forensic check of a whole archive: `operations.verify` put together with what it needs of a `House`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.extraction.cache import Texts
from adapters.figures.index import FiguresTables
from adapters.home import parts
from adapters.home.house import House
from adapters.home.settings import Settings
from adapters.keys.key_folder import SigningKeys
from adapters.ledger.policy import PolicyFile
from adapters.queue.text_queue import QueueTables
from adapters.timestamps.answers import Checker
from adapters.witness.store import CosignatureStore
from adapters.work.log import WorkLog
from domain.audit import audit
from domain.errors import ArchiveBusy, EventUnreadable, InputError, JianzhengError, StorageFull, Unavailable
from domain.ledger.kept import checkpoint_in
from domain.ledger.note import VerifierKey
from domain.ledger.timestamps import TimestampStore
from domain.organisations.directory import Directory
from domain.organisations.events import OrganisationAdded
from domain.ports.events import EventStore, StoredRow
from domain.ports.ledger import LedgerReader, LedgerTables
from domain.ports.search import SearchEngine
from domain.ports.surroundings import Lock
from indexers.loop.witness_status import said
from indexers.loop.witness_status import witnesses as watched
from indexers.pipeline import integrate
from operations.naming import describe
from operations.verify.erasures import Remain
from operations.verify.expected_documents import DocumentsPlace
from operations.verify.findings import Progress, Refusal, Verification
from operations.verify.index_look import Searched
from operations.verify.keys import read_keys, refused_act
from operations.verify.report_folds import FoldsPlace
from operations.verify.reports import Reported
from operations.verify.resume import Hashed
from operations.verify.run import Subject, verify
from operations.verify.stored_rules import stored_event_fits
from operations.verify.timestamps import Stamps

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
    result = verify(
        subject(house),
        since=since,
        sample=sample,
        seed=seed,
        hashed=hashed,
        lock=lambda: house.ledger_lock.held(-1),
        progress=progress,
    )
    if trouble is not None:
        result.remark(
            f"新的存证没有进账本：{trouble.message('zh')}", f"new events were not integrated: {trouble.message('en')}"
        )
    _say_unwitnessed(result, house.trust, house.cosignatures, house.ledger, house.settings.zone)
    return result


def subject(house: House) -> Subject:
    """What is checked, and by what."""
    settings, servers = house.settings, house.servers
    return Subject(
        evidence=parts.evidence(settings),
        last_signed=house.guard.path,
        blobs=house.blobs,
        describe=lambda stream: describe(house.events, stream),
        replay=lambda rows: replay(house.events, house.keys, rows),
        fits_alone=stored_event_fits,
        pending=house.blobs.leftovers(),
        searched=searched(
            settings, house.events, house.queue, house.work, parts.tables(settings, servers).leader("search")
        ),
        witnesses=_witnesses(house.trust),
        reported=reported(settings, house.figures, house.events, house.ledger, house.work),
        stamps=stamps(parts.files(settings, servers).timestamps(), settings.roots_of),
        keys=read_keys(house.keys, house.events, house.ledger),
        remains=lambda stream, whole, digests: _remains(house.texts, lambda: house.engine, stream, whole, digests),
    )


def _say_unwitnessed(
    result: Verification, trust: PolicyFile, cosignatures: CosignatureStore, ledger: LedgerTables, zone: ZoneInfo
) -> None:
    """Nothing is wrong with what no witness has cosigned yet; but so long the log's key alone answers for it."""
    with suppress(JianzhengError):
        state = watched(trust, cosignatures, ledger)
        if state["state"] not in ("off", "witnessed"):
            result.remark(said(state, "zh", zone), said(state, "en", zone))


def _witnesses(trust: PolicyFile) -> tuple[VerifierKey, ...]:
    """Whose cosignatures are checked; a policy that cannot be read is another command's finding."""
    try:
        return tuple(each.key for each in trust.read().policy.witnesses.values())
    except InputError:
        return ()


def _remains(
    texts: Texts, engine: Callable[[], SearchEngine], stream: UUID, whole: bool, digests: Iterable[str]
) -> Iterator[Remain]:
    """What the search index and the cache of texts still hold of what was erased."""
    for sha256 in digests:
        if texts.holds(sha256):
            yield Remain("file", sha256, f"文件 {sha256} 的文字还在", f"the text of the file {sha256} is still kept")
    with suppress(Unavailable):  # the check of the index says that it could not look
        if whole and (names := engine().documents(str(stream))):
            number = len(names)
            yield Remain(
                "index", names[0], f"检索索引里还有 {number} 个条目", f"the search index holds {number} entries"
            )


def stamps(store: TimestampStore, roots_of: Callable[[str], Path]) -> Stamps:
    """What time stamps are checked by, and those whose making was interrupted."""
    return Stamps(lambda name: Checker(name, roots_of(name)), frozenset(store.unfinished()))


def searched(
    settings: Settings, events: EventStore, queue: QueueTables, work: WorkLog, leader: Lock | None
) -> Searched:
    """The search index, and how to tell what it should hold. ``leader`` is held by who writes to the index; None: the
    index knows by itself."""
    return Searched(
        place=parts.index(settings),
        documents=lambda: DocumentsPlace(settings, organisations(events)),
        waiting=lambda records: queue.waiting(records),
        aside=lambda: work.streams("search"),
        alone=nullcontext if leader is None else lambda: leader.held(INDEX_WAIT),
    )


def reported(
    settings: Settings, figures: FiguresTables, events: EventStore, ledger: LedgerReader, work: WorkLog
) -> Reported:
    """What reports are made from, and where they are made once more."""
    return Reported(
        name="views.sqlite" if settings.database is None else "postgresql",
        figures=figures,
        events=events,
        ledger=ledger,
        folds=FoldsPlace(settings),
        aside=lambda: work.streams("figures"),
    )


def organisations(events: EventStore) -> Directory:
    """The tree of organisations, of whatever events of it can be read; one that was tampered with is no measure."""
    directory, position = Directory(), 0
    while rows := events.directory_rows(position, 1_000):
        for row in rows:
            position = row.position
            with suppress(EventUnreadable):
                event = events.decode(row)
                if isinstance(event, OrganisationAdded) and event.parent in directory.organisations.keys() | {None}:
                    directory.apply(event)
    return directory


def replay(store: EventStore, keys: SigningKeys, rows: Sequence[StoredRow]) -> Refusal | None:
    """Why the domain's rules could not have produced the rows of a stream."""
    events = []
    for row in rows:
        try:
            events.append(store.decode(row))
        except EventUnreadable:
            return Refusal(row.version, "读不出一个事件", "it is no event")
    refused = audit(events)
    return Refusal(*refused) if refused is not None else refused_act(keys, events)
