"""The web pages: a module a page. Routes here show and pass on; what is allowed and right is decided in `domain`."""

from __future__ import annotations

from fastapi import APIRouter

from api.web import acts, admin, desk, file_record, receipt, record, report, search, sign_in, verify
from api.web.errors import problem_page

router = APIRouter()
for _module in (sign_in, desk, file_record, search, report, verify, receipt, admin, record, acts):
    router.include_router(_module.router)

__all__ = ["problem_page", "router"]
