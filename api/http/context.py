"""What every route may ask of the request: the parts of the archive by name, the language, whether it wants a page.

A route declares the parts that it uses, so that its signature says what it touches; only here the house is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar, cast

from fastapi import Depends, Request

from adapters.accounts.store import Accounts
from adapters.erasures.log import ErasureLog
from adapters.extraction.cache import Texts
from adapters.home import parts
from adapters.home.house import House
from adapters.home.settings import Settings
from adapters.keys.ring import KeyRing
from adapters.ledger.policy import PublishedPolicy
from adapters.queue.text_queue import QueueTables
from adapters.work.log import WorkLog
from api.common import composing
from api.common.shapes.records import RecordShapes
from domain.access import Actor
from domain.erasing import Erasing
from domain.errors import Lang
from domain.ledger.timestamps import TimestampStore
from domain.moments import Moments
from domain.organisations.administering import Administration
from domain.organisations.directory import Directory
from domain.ports.blobs import BlobStore
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerPublisher, LedgerReader
from domain.proofs.receipts import Receipts
from domain.records.filing import Archive
from domain.reports.reporting import Reporting
from domain.search.searching import Searching
from indexers.loop.dead_letters import NameOf
from indexers.pipeline import Pipeline
from operations.verification import verify_archive
from operations.verify.findings import Verification

API = "/api/"
T = TypeVar("T")


def house_of(request: Request) -> House:
    """The archive that the application was made with."""
    return cast(House, request.app.state.house)


def part(of: Callable[[House], T]) -> Any:
    """A part that is there from the beginning. It is handed over within the event loop: no thread is asked for it."""

    async def given(request: Request) -> T:
        return of(house_of(request))

    return Depends(given)


def part_made(of: Callable[[House], T]) -> Any:
    """A part that is made when it is first used, which may take a while: in a thread."""

    def given(request: Request) -> T:
        return of(house_of(request))

    return Depends(given)


def pipeline_of(request: Request) -> Pipeline:
    """The one that runs in this process; where none does, one that can only say how things are."""
    state = request.app.state
    if state.pipeline is None:
        state.pipeline = Pipeline(state.house)
    return cast(Pipeline, state.pipeline)


class Door(NamedTuple):
    """What it takes to know who is asking."""

    accounts: Callable[[], Accounts]  # asked for when somebody says who they are: until then no file need be opened
    directory: Callable[[], Directory]
    now: datetime


def door_of(request: Request) -> Door:
    """Where whoever asks is recognised. Accounts are opened by the first who needs them."""
    house = house_of(request)
    return Door(lambda: house.accounts, house.directory, house.clock())


ArchiveDep = Annotated[Archive, part(lambda house: house.archive)]
ErasingDep = Annotated[Erasing, part(lambda house: house.erasing)]
AdministrationDep = Annotated[Administration, part(lambda house: house.administration)]
DirectoryDep = Annotated[Callable[[], Directory], part(lambda house: house.directory)]
EventsDep = Annotated[EventStore, part(lambda house: house.events)]
BlobsDep = Annotated[BlobStore, part(lambda house: house.blobs)]
LedgerDep = Annotated[LedgerReader, part(lambda house: house.ledger)]
PublisherDep = Annotated[LedgerPublisher, part(lambda house: house.publisher)]
SignerDep = Annotated[KeyRing, part(lambda house: house.signer)]
SettingsDep = Annotated[Settings, part(lambda house: house.settings)]
ClockDep = Annotated[Callable[[], datetime], part(lambda house: house.clock)]
OriginDep = Annotated[str, part(lambda house: house.identity.origin)]

AccountsDep = Annotated[Accounts, part_made(lambda house: house.accounts)]
MomentsDep = Annotated[Moments, part(lambda house: house.moments)]
SearchingDep = Annotated[Searching, part_made(lambda house: house.searching)]
ReportingDep = Annotated[Reporting, part_made(lambda house: house.reporting)]
ReceiptsDep = Annotated[Receipts, part_made(lambda house: house.receipts)]
TextsDep = Annotated[Texts, part_made(lambda house: house.texts)]
ErasureLogDep = Annotated[ErasureLog, part_made(lambda house: house.erasures)]
StampsDep = Annotated[TimestampStore, part_made(lambda house: parts.files(house.settings, house.servers).timestamps())]
PolicyDep = Annotated[Callable[[], PublishedPolicy], part(lambda house: house.trust.published)]
PipelineDep = Annotated[Pipeline, Depends(pipeline_of)]


class Troubles(NamedTuple):
    """What background work could not do: events in ``work``, files in ``queue``."""

    queue: QueueTables
    work: WorkLog


TroublesDep = Annotated[Troubles, part_made(lambda house: Troubles(house.queue, house.work))]
NamesDep = Annotated[Callable[[Actor], NameOf], part(composing.names)]
"""What records are called to whom."""
VerifyDep = Annotated[Callable[..., Verification], part(lambda house: partial(verify_archive, house))]
ReadinessDep = Annotated[Callable[[], dict[str, str]], part(composing.reached)]
WitnessedDep = Annotated[Callable[[], str | None], part(lambda house: house.witnessed)]
RecordShapesDep = Annotated[RecordShapes, part_made(composing.record_shapes)]


def language(request: Request) -> Lang:
    """The ``lang`` cookie (what the person chose), else ``Accept-Language``, else the archive's own."""
    chosen = request.cookies.get("lang")
    if chosen in ("zh", "en"):
        return cast(Lang, chosen)
    best: Lang | None = None
    best_quality = 0.0
    for part in request.headers.get("accept-language", "")[:500].split(","):
        tag, _, parameter = part.partition(";")
        said = tag.strip().lower()[:2]
        quality = _quality(parameter)
        if said in ("zh", "en") and quality > best_quality:
            best, best_quality = cast(Lang, said), quality
    return best or house_of(request).settings.lang


def wants_page(request: Request) -> bool:
    """Is a person looking, rather than a program asking?"""
    return not request.url.path.startswith(API) and "text/html" in request.headers.get("accept", "")


def takes_page(request: Request) -> bool:
    """Would a page do? To a person and to a program that takes anything; not to one that asks for JSON."""
    accepted = request.headers.get("accept", "*/*")
    return wants_page(request) or ("json" not in accepted and ("*/*" in accepted or "text/*" in accepted))


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
