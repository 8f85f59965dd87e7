"""The place that is copied to: empty, or this archive's own copy; it says whose it is before anything is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from adapters.disk.durable import storage_errors
from adapters.home import connections, copying
from adapters.home.founding import prepare_servers
from adapters.home.house import House
from adapters.home.identity import Identity, read_identity
from adapters.home.route import NothingToMove, Route
from adapters.home.settings import Settings
from adapters.servers.binding import Bound, Place
from operations.migration.errors import TargetOccupied


@contextmanager
def opened(source: House, route: Route) -> Iterator[House]:
    """The target, bound to the archive that is copied. Raises `TargetOccupied`, with nothing written."""
    begun = _require_room(source.identity, source.servers, route)
    _bind_home(route, source.identity)
    with closing(House(route.target, source.identity, source.keys, source.clock)) as target:
        server = route.target.search if route.search else None  # an index in the home is its archive's
        if server is not None and not begun and target.engine.position():
            raise TargetOccupied(place=str(server), found="index")
        moved = _moved(target.servers, route)
        prepare_servers(moved)
        for place in connections.places(moved):
            place.bind(Bound.to(source.identity, whole=False))
        if (prefix := _prefix(target.servers, route)) is not None:
            prefix.bind(Bound.to(source.identity))  # whole from the first: an index is no evidence
        target.events.create()
        target.ledger.create()
        target.publisher.create()
        yield target


def complete(identity: Identity, servers: connections.Servers, route: Route) -> None:
    """It is whole and proven: from now on it may be opened."""
    for place in connections.places(_moved(servers, route)):
        place.bind(Bound.to(identity))
    if _embedded_parts(route):
        copying.finish(route.target, identity)


def _require_room(identity: Identity, ours: connections.Servers, route: Route) -> bool:
    """Whether a copy was begun there before."""
    begun = _require_home(route, identity)
    with closing(connections.servers(route.target)) as servers:
        moved = _moved(servers, route)
        prepare_servers(moved, new_only=True)
        if connections.same_place(ours, moved):
            raise NothingToMove
        for place in connections.places(moved):
            bound = place.bound()
            if bound is None and not place.vacant():
                raise TargetOccupied(place=str(place), found="?")
            if bound is not None and not bound.fits(identity):
                raise TargetOccupied(place=str(place), found=bound.origin)
            begun = begun or bound is not None
        if (prefix := _prefix(servers, route)) is not None:
            bound = prefix.bound()
            if bound is not None and not bound.fits(identity):
                raise TargetOccupied(place=str(prefix), found=bound.origin)
            begun = begun or bound is not None
    return begun


def _require_home(route: Route, identity: Identity) -> bool:
    if not route.home:
        return False
    settings = route.target
    unfinished = copying.unfinished(settings)
    if unfinished is not None:
        if not unfinished[0].fits(identity):
            raise TargetOccupied(place=str(settings.home), found=unfinished[0].origin)
        return True
    there = read_identity(settings)
    if there is not None:
        if not Bound.to(there).fits(identity):
            raise TargetOccupied(place=str(settings.home), found=there.origin)
        return True
    with storage_errors():
        names = sorted(path.name for path in settings.home.iterdir()) if settings.home.exists() else []
    if names:
        raise TargetOccupied(place=str(settings.home), found="、".join(names[:5]))
    return False


def _bind_home(route: Route, identity: Identity) -> None:
    if embedded := _embedded_parts(route):
        copying.begin(route.target, identity, embedded)
        copying.make_room(route.target)


def _embedded_parts(route: Route) -> frozenset[str]:
    settings: Settings = route.target
    embedded = {copying.TABLES} if route.tables and settings.database is None else set[str]()
    if route.files and settings.bucket is None:
        embedded.add(copying.FILES)
    if route.home:
        embedded.add(copying.KEYS)
    return frozenset(embedded)


def _prefix(servers: connections.Servers, route: Route) -> Place | None:
    return connections.prefix(servers) if route.search else None


def _moved(servers: connections.Servers, route: Route) -> connections.Servers:
    """The servers of parts that change their place."""
    return connections.Servers(servers.database if route.tables else None, servers.bucket if route.files else None)
