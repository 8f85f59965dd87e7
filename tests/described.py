"""Holds real answers against the OpenAPI document: each status, media type and key has to be declared there.

`World.client` of `tests.http_world` looks at every answer in this way, so that all traffic of the HTTP tests does.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import unquote

from httpx import Response
from jsonschema import Draft202012Validator

Json = dict[str, Any]

PROBLEM = "application/problem+json"
OURS = ("/api/v1/", "/ledger/")
"""Below these every address is described: what is not is a problem document."""


class Described:
    def __init__(self, document: Json) -> None:
        self.document = closed(document)
        paths = sorted(document["paths"], key=lambda path: path.count("{"))  # what is said word for word comes first
        self.paths = [(re.compile(_pattern(path)), path) for path in paths]
        self.validator = cache(self._validator)

    def check(self, response: Response) -> None:
        """Raises `AssertionError` for an answer that is not described."""
        method, path = response.request.method, unquote(response.request.url.raw_path.decode().partition("?")[0])
        found = next((path_ for pattern, path_ in self.paths if pattern.fullmatch(path)), None)
        operation = self.document["paths"].get(found, {}).get("get" if method == "HEAD" else method.lower())
        if operation is None:
            if path.startswith(OURS) and method not in ("HEAD", "OPTIONS"):
                assert response.status_code in (403, 404, 405, 413, 421), (method, path, response.status_code)
                response.read()
                self._hold("ProblemJson", response)
            return
        where = f"{method} {found} → {response.status_code}"
        declared = operation["responses"].get(str(response.status_code))
        assert declared is not None, f"{where}: undeclared status {response.read().decode()[:300]}"
        content = declared.get("content", {})
        if method == "HEAD" or not content:
            return
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in content or "*/*" in content, f"{where}: undeclared type {media_type}"
        schema = content.get(media_type, {}).get("schema", {})
        if "$ref" in schema:
            response.read()
            self._hold(schema["$ref"].rpartition("/")[2], response)

    def _hold(self, name: str, response: Response) -> None:
        faults = sorted(self.validator(name).iter_errors(response.json()), key=lambda fault: list(fault.path))
        assert not faults, f"{response.request.method} {response.request.url}: {name}: {faults[0]}"

    def _validator(self, name: str) -> Draft202012Validator:
        components = {"schemas": self.document["components"]["schemas"]}
        return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


def closed(document: Json) -> Json:
    """The document where every shape that is not open has the keys that it names and no others."""
    schemas = document["components"]["schemas"]
    shut = {name: {"additionalProperties": False} | schema for name, schema in schemas.items() if _is_shape(schema)}
    return {**document, "components": {**document["components"], "schemas": {**schemas, **shut}}}


def _is_shape(schema: Json) -> bool:
    return schema.get("type") == "object" and "properties" in schema


def _pattern(path: str) -> str:
    pieces = re.split(r"(\{\w+\})", path)
    return "".join((".+" if each == "{path}" else "[^/]+") if each[:1] == "{" else re.escape(each) for each in pieces)
