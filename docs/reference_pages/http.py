"""``http.md``: the interface over HTTP, from its own OpenAPI document.

What that document cannot say stands here: who may, and the keys of the answer. Tests hold both against the server.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

from adapters import settings
from adapters.bootstrap import create_archive
from api.http.app import create_app
from docs.reference_pages.markdown import codes, heading, literals
from domain.access import MAY, ROLES, Action

Json = dict[str, Any]

ANYONE = "人人可用，不必登录 · anyone, without signing in"
SIGNED_IN = "登录的人和程序 · whoever is signed in, and programs with a token"
IN_PERSON = "用口令登录的人；令牌不行 · whoever signed in with a password; a token will not do"
FILTERED = "登录的人和程序，只看到自己有权看的 · whoever is signed in, and sees what their roles let them see"

RECORD = (
    "record code version status organisation family form title occurred occurred_on recorded_at filed_by late item "
    "gaps files history as_of erasure"
)
ORGANISATION, PERSON, USER = "code name kind parent path", "code name posts", "username person closed roles"
TOKENS = "id name created expires used"
ERASING = "record code status revision erasure destroyed shared changed"
SEARCH = "total took_ms hits facets next behind"


class Fact(NamedTuple):
    """``who`` is an action of the policy, or words. ``keys`` of the answer; empty where it is no JSON object."""

    who: str
    keys: str = ""
    top: bool = False  # the role must be held at the top of the tree


FACTS = {
    "GET /api/v1/session": Fact(SIGNED_IN, "username person roles csrf"),
    "POST /api/v1/session": Fact(ANYONE, "username person roles csrf"),
    "DELETE /api/v1/session": Fact(ANYONE),
    "PUT /api/v1/users/{username}/password": Fact(IN_PERSON),
    "GET /api/v1/tokens": Fact(IN_PERSON, "tokens"),
    "POST /api/v1/tokens": Fact(IN_PERSON, f"{TOKENS} token"),
    "DELETE /api/v1/tokens/{token_id}": Fact(IN_PERSON),
    "POST /api/v1/uploads": Fact("record.file", "sha256 size media_type"),
    "GET /api/v1/search": Fact(FILTERED, SEARCH),
    "GET /api/v1/records": Fact(FILTERED, SEARCH),
    "POST /api/v1/records": Fact("record.file", f"{RECORD} changed"),
    "POST /api/v1/records/check": Fact("record.file", "problems gaps content"),
    "GET /api/v1/records/{reference}": Fact("record.read", RECORD),
    "GET /api/v1/records/{reference}/files/{name}": Fact("record.read"),
    "GET /api/v1/records/{reference}/receipt": Fact("record.read"),
    "POST /api/v1/receipts/verify": Fact(ANYONE, "ok kind error proven checkpoint witnesses erased warnings files"),
    "GET /api/v1/receipts/event": Fact(ANYONE, "known erased"),
    "POST /api/v1/records/{reference}/attach": Fact("record.attach", f"{RECORD} changed"),
    "POST /api/v1/records/{reference}/correct": Fact("record.correct", f"{RECORD} changed"),
    "POST /api/v1/records/{reference}/sign-off": Fact("record.sign_off", f"{RECORD} changed"),
    "POST /api/v1/records/{reference}/return": Fact("record.return", f"{RECORD} changed"),
    "POST /api/v1/records/{reference}/withdraw": Fact("record.withdraw", f"{RECORD} changed"),
    "POST /api/v1/records/{reference}/progress": Fact("item.progress", f"{RECORD} changed"),
    "POST /api/v1/records/{reference}/close": Fact("item.close", f"{RECORD} changed"),
    "GET /api/v1/erasures": Fact(FILTERED, "erasures"),
    "POST /api/v1/records/{reference}/erasure": Fact("erasure.propose", ERASING),
    "POST /api/v1/records/{reference}/erasure/approve": Fact("erasure.approve", ERASING),
    "POST /api/v1/records/{reference}/erasure/reject": Fact("erasure.approve", ERASING),
    "GET /api/v1/organisations": Fact(FILTERED, "organisations"),
    "POST /api/v1/organisations": Fact("directory.manage", ORGANISATION),
    "PATCH /api/v1/organisations/{code}": Fact("directory.manage", ORGANISATION),
    "GET /api/v1/people": Fact(FILTERED, "people"),
    "POST /api/v1/people": Fact("directory.manage", PERSON),
    "POST /api/v1/people/{code}/posts": Fact("directory.manage", PERSON),
    "POST /api/v1/people/{code}/posts/end": Fact("directory.manage", PERSON),
    "GET /api/v1/users": Fact("account.manage", "accounts"),
    "POST /api/v1/users": Fact("account.manage", USER, top=True),
    "POST /api/v1/users/{username}/close": Fact("account.manage", USER, top=True),
    "POST /api/v1/users/{username}/roles": Fact("account.manage", USER),
    "POST /api/v1/users/{username}/roles/end": Fact("account.manage", USER),
    "GET /api/v1/reports/annual": Fact(
        "report.read",
        "organisation organisation_name year as_of day fold_version generated_from figures sections",
    ),
    "POST /api/v1/reports/issue": Fact(
        "report.issue", "organisation year as_of fold_version digests issued_at issued_by changed"
    ),
    "POST /api/v1/reports/verify": Fact("report.read", "ok issued sha256 leaf_index format report remarks"),
    "GET /api/v1/checkpoint": Fact(SIGNED_IN, "checkpoint origin tree_size root vkey"),
    "GET /api/v1/index/status": Fact(
        "index.manage", "events ledger search figures text witnesses erasures faults aside failing jobs", top=True
    ),
    "POST /api/v1/index/retry": Fact("index.manage", "retried", top=True),
    "POST /api/v1/verify": Fact(
        "archive.verify", "ok tree_size root checked findings not_checked leftovers sample", top=True
    ),
    "GET /healthz": Fact(ANYONE, "status"),
    "GET /readyz": Fact(ANYONE, "status parts"),
    "GET /ledger/checkpoint": Fact(ANYONE),
    "GET /ledger/vkey": Fact(ANYONE),
    "GET /ledger/policy": Fact(ANYONE),
    "GET /ledger/witnessed": Fact(ANYONE),
    "GET /ledger/tile/{path}": Fact(ANYONE),
    "GET /ledger/timestamps": Fact(ANYONE, "timestamps"),
    "GET /ledger/timestamps/{name}": Fact(ANYONE),
}

TAGS = {
    "session": "登录与令牌 · Signing in, tokens",
    "uploads": "上传 · Uploads",
    "search": "检索 · Search",
    "records": "记录 · Records",
    "erasures": "依法销毁 · Lawful erasure",
    "receipts": "回执 · Receipts",
    "directory": "单位、人员、账号 · Organisations, people, accounts",
    "reports": "年报 · Annual reports",
    "archive": "档案库 · The archive",
    "health": "运行状况 · Health",
    "ledger": "公开的账本 · The public ledger",
}


def document() -> Json:
    """The OpenAPI document of an archive made for the purpose."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = settings.read({"JIANZHENG_HOME": str(Path(folder) / "archive")})
        house = create_archive(chosen, name="见证", origin="archive.example")
        try:
            return create_app(house).openapi()
        finally:
            house.close()


def operations(described: Json) -> Iterator[tuple[str, Json]]:
    """``GET /api/v1/session`` and what is said of it, in the order of the document."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def page() -> str:
    described = document()
    lines = heading(
        "HTTP 接口 · The HTTP interface",
        "登录、上传、重试和出错时怎么办，见[用程序存取档案](../how-to/use-http.md)，那里有可以照抄的例子。"
        "运行中的服务在 `/api/docs` 给出同样的说明，在 `/api/openapi.json` 给出机器可读的一份。\n\n"
        "[Using the archive from programs](../how-to/use-http.md) has signing in, uploads, retries and problems, with "
        "examples to copy. A running server describes itself at `/api/docs`, for machines at `/api/openapi.json`.\n\n"
        "`*` 是必填的 · is required. `reference` 是档号或记录编号 · is an archival code or an id.",
    )
    by_tag: dict[str, list[str]] = {tag: [] for tag in TAGS}
    for name, operation in operations(described):
        by_tag[operation["tags"][0]] += section(described, name, operation)
    for tag, title in TAGS.items():
        lines += [f"## {title}", "", *by_tag[tag]]
    return "\n".join(lines)


def section(described: Json, name: str, operation: Json) -> list[str]:
    fact = FACTS[name]
    lines = [f"### `{name}`", "", literals(operation.get("description", "")), ""]
    lines.append(f"- 谁可以 · who may: {who(fact)}")
    asked = [shown(p["name"], p.get("required", False)) for p in operation.get("parameters", ()) if p["in"] == "query"]
    headers = [p["name"].title() for p in operation.get("parameters", ()) if p["in"] == "header"]
    if asked:
        lines.append(f"- 参数 · query: {', '.join(asked)}")
    if headers:
        lines.append(f"- 请求头 · header: {codes(headers)}")
    if body := operation.get("requestBody"):
        lines.append(f"- 请求 · request: {request(described, body)}")
    if fact.keys:
        lines.append(f"- 回答 · answer: {codes(fact.keys.split())}")
    return [*lines, ""]


def who(fact: Fact) -> str:
    if fact.who not in get_args(Action):
        return fact.who
    held = "在最上级单位 · at the top" if fact.top else "在该单位或其上级 · in the organisation or above it"
    roles = "、".join(f"{zh} {role}" for role, (zh, _) in ROLES.items() if fact.who in MAY[role])
    return f"{roles}（{held}）"


def request(described: Json, body: Json) -> str:
    ((media_type, content),) = body["content"].items()
    if media_type != "application/json":
        return "文件的内容 · the bytes of the file"
    schema = described["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    keys = [shown(key, key in required) for key in schema["properties"]]
    more = "，以及该形式的各个字段 · and the fields of the form" if schema.get("additionalProperties") else ""
    return ", ".join(keys) + more


def shown(key: str, required: bool) -> str:
    return f"`{key}`" + ("*" if required else "")
