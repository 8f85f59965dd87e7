"""Where a PostgreSQL database is and who connects: parsed once, shown without its secrets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from domain.errors import InputError


class BadAddress(InputError):
    """The text is not repeated: it may hold a password."""

    code = "database_address_invalid"
    zh = "数据库地址写得不对。"
    en = "The address of the database cannot be understood."
    next_zh = "例：postgresql://user:password@db.example.org:5432/archive?sslmode=verify-full"
    next_en = "For example: postgresql://user:password@db.example.org:5432/archive?sslmode=verify-full"


@dataclass(frozen=True)
class Address:
    """One database of one server. ``options`` are libpq's connection parameters, such as ``sslmode``."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(default="", repr=False)
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, url: str, password: str | None = None) -> Address:
        """``postgresql://user:password@host:port/database?option=value``; the password may be given apart.

        Raises `BadAddress`.
        """
        try:
            parts = {key: str(value) for key, value in conninfo_to_dict(url).items()}
            if not url.startswith(("postgresql://", "postgres://")) or "dbname" not in parts:
                raise BadAddress
            port = int(parts.pop("port", "5432"))
        except (psycopg.Error, ValueError):
            raise BadAddress from None
        return cls(
            host=parts.pop("host", "localhost"),
            port=port,
            database=parts.pop("dbname"),
            user=parts.pop("user", "postgres"),
            password=parts.pop("password", "") if password is None else password,
            options=tuple(sorted(parts.items())),
        )

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    def at(self, database: str) -> Address:
        """Another database of the same server."""
        return replace(self, database=database)

    def login(self, user: str, password: str = "") -> Address:
        """The same database for somebody else."""
        return replace(self, user=user, password=password)

    def parameters(self) -> dict[str, str]:
        """libpq's names for it all."""
        parameters = {"host": self.host, "port": str(self.port), "dbname": self.database, "user": self.user}
        if self.password:
            parameters["password"] = self.password
        return parameters | dict(self.options)

    def url(self) -> str:
        """With the password in it: for another process, never for a person."""
        login = quote(self.user, safe="") + (f":{quote(self.password, safe='')}" if self.password else "")
        place = f"{quote(self.host, safe=':[]')}:{self.port}/{quote(self.database, safe='')}"
        return f"postgresql://{login}@{place}" + (f"?{urlencode(self.options)}" if self.options else "")
