"""The application: `create_app` puts routes, pages, errors and guards together around one archive.

Routes are plain functions, because the event store is synchronous; only uploads are not. Pages come from
``api.web.router``; where that module also has ``problem_page(request, error)``, errors in pages are shown by it.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI

from adapters.home.house import House
from api import web
from api.http import (
    directory,
    docs,
    erasures,
    health,
    keeping,
    ledger,
    problems,
    receipts,
    records,
    reports,
    search,
    sessions,
    static,
    uploads,
    verification,
)
from api.http.auth import protect
from api.http.description import described, operation_id
from api.http.shield import Shield
from indexers.pipeline import Pipeline

PREFIX = "/api/v1"


class Application(FastAPI):
    """Describes itself as `api.http.description` has it."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = described(super().openapi())
        return self.openapi_schema


def create_app(house: House, pipeline: Pipeline | None = None, hosts: Iterable[str] = ()) -> FastAPI:
    """``pipeline`` runs while the application does. ``hosts``: its names on the network, beside the origin's."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if pipeline is not None:
            pipeline.start()
        try:
            yield
        finally:
            if pipeline is not None:
                pipeline.stop()

    app = Application(
        title=f"见证 Jianzheng · {house.identity.name}",
        version=version("jianzheng"),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(protect)],
        separate_input_output_schemas=False,
        generate_unique_id_function=operation_id,
    )
    app.state.house, app.state.pipeline = house, pipeline
    app.state.verifying = threading.Lock()
    app.state.problem_page = getattr(web, "problem_page", None)
    problems.install(app)
    for module in (sessions, uploads, search, records, erasures, receipts, directory, reports, keeping, verification):
        app.include_router(module.router, prefix=PREFIX)
    for module in (health, ledger, docs, static):
        app.include_router(module.router)
    pages = getattr(web, "router", None)
    if pages is not None:
        app.include_router(pages, include_in_schema=False)
    app.add_middleware(Shield, hosts=(*hosts, house.identity.origin.partition("/")[0]))
    return app
