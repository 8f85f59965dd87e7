"""A small archive behind the real application: two schools under one bureau, an account for every role."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from adapters.home import settings
from adapters.home.founding import create_archive
from adapters.home.house import House
from api.app import create_app
from api.http.auth import CSRF_HEADER
from domain.access import ROLES
from indexers.pipeline import Pipeline
from tests.cli_world import servers
from tests.described import Described

PASSWORD = "four quiet words here"
FAST = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
BASE = "http://localhost"
HERE, THERE, TOP = "school-01", "school-02", "top"
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 4000


@dataclass
class Clock:
    now: datetime = datetime(2023, 5, 4, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai, a Thursday

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class World:
    """``client()`` is a stranger's browser; ``signed_in(name)`` sends the CSRF token with everything."""

    house: House
    clock: Clock
    bucket: str = ""  # the address of the bucket of files, where they lie in one
    app: FastAPI = field(init=False)
    described: Described = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.house)
        self.described = Described(self.app.openapi())

    def client(self, **options: Any) -> TestClient:
        """Every answer is held against the OpenAPI document."""
        client = TestClient(self.app, base_url=BASE, **options)
        client.event_hooks["response"].append(self.described.check)
        return client

    def signed_in(self, username: str, password: str = PASSWORD) -> TestClient:
        client = self.client()
        answer = client.post("/api/v1/session", json={"username": username, "password": password})
        assert answer.status_code == 201, answer.text
        client.headers[CSRF_HEADER] = answer.json()["csrf"]
        return client

    def program(self, username: str) -> TestClient:
        _, secret = self.house.accounts.create_token(username, "test", self.clock())
        client = self.client()
        client.headers["authorization"] = f"Bearer {secret}"
        return client

    def catch_up(self) -> None:
        Pipeline(self.house).catch_up()


@contextmanager
def world_on(kind: str, request: pytest.FixtureRequest, home: Path) -> Iterator[World]:
    """The same world on each of `tests.cli_world.BACK_ENDS`."""
    with servers(kind, request) as addresses:
        made = make_world(home, addresses)
        yield made
        made.house.close()


def make_world(home: Path, servers: Mapping[str, str] | None = None) -> World:
    """Accounts: ``admin`` at the top, and for each role R ``R-here`` and ``R-there``; ``nobody`` has none."""
    clock = Clock()
    chosen = settings.read({"JIANZHENG_HOME": str(home), "JIANZHENG_LANG": "zh", **(servers or {})})
    house = create_archive(chosen, name="示例教育局", origin="archive.example/test", clock=clock)
    house.accounts._hasher = FAST
    house.accounts.set_password("admin", PASSWORD)
    admin = house.operator()
    for code in (HERE, THERE):
        house.administration.add_organisation(admin, code, f"学校{code[-1]}")
    for organisation, ending in ((HERE, "here"), (THERE, "there")):
        for role in ROLES:
            house.administration.open_account(admin, f"{role}-{ending}")
            house.administration.grant(admin, f"{role}-{ending}", role, organisation)
            house.accounts.set_password(f"{role}-{ending}", PASSWORD)
    house.administration.open_account(admin, "nobody")
    house.accounts.set_password("nobody", PASSWORD)
    return World(house, clock)


def record(organisation: str = HERE, **other: Any) -> dict[str, Any]:
    """The smallest record that files without an error."""
    return {
        "organisation": organisation,
        "family": "study_session",
        "form": "党课",
        "title": "专题党课：从历史中汲取力量",
        "occurred": {"from": "2023-04-21T14:30+08:00"},
        **other,
    }


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def send(client: TestClient, data: bytes, **headers: str) -> dict[str, Any]:
    """Upload these bytes; the answer."""
    answer = client.post("/api/v1/uploads", content=data, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def file_with(client: TestClient, *files: tuple[str, bytes], **more: Any) -> str:
    """File a record with these files, by name and bytes; its code."""
    for _, data in files:
        send(client, data)
    named = [{"name": name, "sha256": sha(data)} for name, data in files]
    answer = client.post("/api/v1/records", json=record(files=named, **more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])
