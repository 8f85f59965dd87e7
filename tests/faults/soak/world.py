"""The archive that is soaked: made in this process, with two schools and an account for each client.

Run on servers it has two web processes and three workers; embedded, one web process and one worker beside it, all of
them on one folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from adapters.home import settings
from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from adapters.postgres.roles import APP_ROLE
from tests.faults.soak.members import Member
from tests.postgres_world import APP_PASSWORD, prepare
from tests.servers.processes import free_port

ROOT = Path(__file__).resolve().parents[3]
SCHOOLS = ("school-01", "school-02")
SECRETARY, ADMIN = "secretary", "admin"

WEBS, WORKERS = {"servers": 2, "embedded": 1}, {"servers": 3, "embedded": 1}


@dataclass
class World:
    """``servers`` are the settings that name servers; none for an embedded archive."""

    folder: Path
    servers: Mapping[str, str]
    clients: int
    tokens: dict[str, str]
    members: list[Member]

    @property
    def kind(self) -> str:
        return "servers" if self.servers else "embedded"

    @property
    def variables(self) -> dict[str, str]:
        return {"JIANZHENG_HOME": str(self.folder / "home"), "JIANZHENG_LANG": "en", **self.servers}

    @property
    def webs(self) -> list[Member]:
        return [member for member in self.members if member.port is not None]

    def open(self) -> House:
        """The archive, opened by this process for itself."""
        return open_archive(settings.read(self.variables))

    def environment(self) -> dict[str, str]:
        """What a process of the archive sees."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("JIANZHENG_")}
        return {**inherited, "PYTHONPATH": str(ROOT), **self.variables}


def clerk(number: int) -> str:
    return f"clerk-{number:02d}"


def _least(servers: Mapping[str, str]) -> dict[str, str]:
    if not servers:
        return {}
    at = prepare(servers["JIANZHENG_DATABASE"])
    login = f"{quote(APP_ROLE)}:{quote(APP_PASSWORD)}"
    return {**servers, "JIANZHENG_DATABASE": f"postgresql://{login}@{at.host}:{at.port}/{quote(at.database)}"}


def make_world(folder: Path, servers: Mapping[str, str], clients: int) -> World:
    """On servers the archive works with the rights of the application, not of whoever administers the database."""
    world = World(folder, _least(servers), clients, {}, [])
    house = create_archive(settings.read(world.variables), name="某区教育局", origin="archive.example/soak")
    try:
        office, operator = house.administration, house.operator()
        for number, code in enumerate(SCHOOLS, 1):
            office.add_organisation(operator, code, f"第{'一二'[number - 1]}小学", "top", "school")
        for number in range(clients):
            office.open_account(operator, clerk(number))
            office.grant(operator, clerk(number), "clerk", SCHOOLS[number % len(SCHOOLS)])
        office.open_account(operator, SECRETARY)
        office.grant(operator, SECRETARY, "secretary", "top")
        now = datetime.now(UTC)
        for user in (ADMIN, SECRETARY, *map(clerk, range(clients))):
            world.tokens[user] = house.accounts.create_token(user, "soak", now)[1]
    finally:
        house.close()
    environment = world.environment()
    for number in range(WEBS[world.kind]):
        port = free_port()
        command = ["-m", "api.cli", "serve", "--port", str(port)]
        world.members.append(Member(f"web-{number + 1}", command, environment, folder, port))
    for number in range(WORKERS[world.kind]):
        world.members.append(Member(f"work-{number + 1}", ["-m", "api.cli", "work"], environment, folder))
    return world
