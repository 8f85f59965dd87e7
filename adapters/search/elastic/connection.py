"""The connection to one Elasticsearch, shared by the threads of a process; what it raises is ours."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch

from adapters.search.elastic.address import BadSearchAddress, SearchAddress
from adapters.search.elastic.faults import translated

PATIENCE = 15.0
"""Seconds that a search may take. Whoever waits longer has given up."""

BULK_PATIENCE = 120.0
"""Seconds for what nobody waits for: a chunk of documents, a new index."""


class Connection:
    """Opened by the first request. A connection that a restart of the server broke is made again, once, at once."""

    def __init__(
        self, address: SearchAddress, *, patience: float = PATIENCE, bulk_patience: float = BULK_PATIENCE
    ) -> None:
        """Raises `BadSearchAddress` for a CA file that cannot be read."""
        self.address = address
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

    @contextmanager
    def asking(self) -> Iterator[Elasticsearch]:
        """The client for what a person waits for."""
        with translated():
            yield self._client

    @contextmanager
    def working(self) -> Iterator[Elasticsearch]:
        """The client for what may take its time."""
        with translated():
            yield self._patient

    def close(self) -> None:
        self._client.close()


def _context(address: SearchAddress) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=address.ca)
    except (OSError, ssl.SSLError):
        raise BadSearchAddress from None
