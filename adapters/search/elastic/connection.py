"""The connection to one Elasticsearch, shared by the threads of a process; what it raises is ours."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionError, ConnectionTimeout, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError

from adapters.search.elastic.address import BadSearchAddress, SearchAddress
from adapters.search.elastic.faults import SearchUnreachable, translated
from adapters.servers.breaker import Breaker
from adapters.servers.confirmation import Confirmation

PATIENCE = 15.0
"""Seconds that a search may take. Whoever waits longer has given up."""

BULK_PATIENCE = 120.0
"""Seconds for what nobody waits for: a chunk of documents, a new index."""

GLANCE = 5.0
"""Seconds for looking up a single entry: a server that needs longer for that has other troubles."""

PROBE_TIMEOUT = 2.0
"""Seconds in which a server that was silent has to answer a short question."""


class Connection:
    """Opened by the first request. A connection that a restart of the server broke is made again, once, at once."""

    def __init__(
        self, address: SearchAddress, *, patience: float = PATIENCE, bulk_patience: float = BULK_PATIENCE
    ) -> None:
        """Raises `BadSearchAddress` for a CA file that cannot be read."""
        self.address = address
        logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # each failed attempt: it is told by who asked
        login: dict[str, Any] = {}
        if address.api_key:
            login["api_key"] = address.api_key
        elif address.user:
            login["basic_auth"] = (address.user, address.password)
        if address.url.startswith("https"):
            login["ssl_context"] = _context(address)
        self._client = Elasticsearch(
            [address.url], request_timeout=patience, max_retries=1, retry_on_status=(), http_compress=False, **login
        )
        self._patient = self._client.options(request_timeout=bulk_patience)
        self._glancing = self._client.options(request_timeout=min(GLANCE, patience))
        self._prober = self._client.options(request_timeout=min(PROBE_TIMEOUT, patience))
        self.breaker = Breaker(self._answers)
        self.confirmation: Confirmation[[]] = Confirmation()

    @contextmanager
    def asking(self) -> Iterator[Elasticsearch]:
        """The client for what a person waits for."""
        with self._guarded():
            yield self._client

    @contextmanager
    def glancing(self) -> Iterator[Elasticsearch]:
        """The client for what takes no time where the server is well."""
        with self._guarded():
            yield self._glancing

    @contextmanager
    def working(self) -> Iterator[Elasticsearch]:
        """The client for what may take its time."""
        with self._guarded():
            yield self._patient

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Errors are ours. Where others waited in vain, the server must first answer one short question."""
        self.confirmation.require()
        if not self.breaker.passes():
            raise SearchUnreachable(self.breaker.reason)
        with translated():
            try:
                yield
            except (ConnectionError, ConnectionTimeout) as error:
                self.breaker.open("timeout" if isinstance(error, ConnectionTimeout) else "no connection")
                raise

    def _answers(self) -> bool:
        """Whether anything comes back at all, soon."""
        try:
            self._prober.cluster.health(local=True)
        except (ApiError, UnsupportedProductError):
            return True
        except TransportError:
            return False
        return True


def _context(address: SearchAddress) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=address.ca)
    except (OSError, ssl.SSLError):
        raise BadSearchAddress from None
