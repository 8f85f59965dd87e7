"""``http.md``: the interface over HTTP, from its own OpenAPI document and nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from adapters.home import settings
from adapters.home.founding import create_archive
from api.app import create_app
from api.http.description import ALWAYS, TAGS, operations
from api.http.operations import TOP, WHO
from docs.reference_pages.markdown import codes, heading, literals, row, table
from domain.access import MAY, ROLES, Action

Json = dict[str, Any]

PEOPLE = {
    "anyone": "人人可用，不必登录 · anyone, without signing in",
    "signed_in": "登录的人和程序 · whoever is signed in, and programs with a token",
    "in_person": "用口令登录的人；令牌不行 · whoever signed in with a password; a token will not do",
    "filtered": "登录的人和程序，只看到自己有权看的 · whoever is signed in, and sees what their roles let them see",
}
"""Who may, where it is no action of the policy."""

SHAPES = "回答的内容 · What answers hold"


def document() -> Json:
    """The OpenAPI document of an archive made for the purpose."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = settings.read({"JIANZHENG_HOME": str(Path(folder) / "archive")})
        house = create_archive(chosen, name="见证", origin="archive.example")
        try:
            return create_app(house).openapi()
        finally:
            house.close()


def page() -> str:
    described = document()
    lines = heading(
        "HTTP 接口 · The HTTP interface",
        "登录、上传、重试和出错时怎么办，见[用程序存取档案](../how-to/use-http.md)，那里有可以照抄的例子。"
        "运行中的服务在 `/api/docs` 给出同样的说明，在 `/api/openapi.json` 给出机器可读的一份。\n\n"
        "[Using the archive from programs](../how-to/use-http.md) has signing in, uploads, retries and problems, with "
        "examples to copy. A running server describes itself at `/api/docs`, for machines at `/api/openapi.json`.\n\n"
        "`*` 是必填的 · is required. `reference` 是档号或记录编号 · is an archival code or an id. "
        "出错时回答一份问题说明（RFC 9457）· a problem is answered as "
        "[`ProblemJson`](#problemjson); "
        f"{codes(map(str, ALWAYS))} 处处可能 · may come everywhere.",
    )
    by_tag: dict[str, list[str]] = {tag: [] for tag in TAGS}
    for name, operation in operations(described):
        by_tag[operation["tags"][0]] += section(described, name, operation)
    for tag, title in TAGS.items():
        lines += [f"## {title}", "", *by_tag[tag]]
    lines += [f"## {SHAPES}", "", *(line for name in answered(described) for line in shape(described, name))]
    return "\n".join(lines)


def section(described: Json, name: str, operation: Json) -> list[str]:
    lines = [f"### `{name}`", "", literals(operation["description"]), ""]
    lines.append(f"- 谁可以 · who may: {who(operation)}")
    asked = [shown(p["name"], p.get("required", False)) for p in operation.get("parameters", ()) if p["in"] == "query"]
    headers = [p["name"].title() for p in operation.get("parameters", ()) if p["in"] == "header"]
    if asked:
        lines.append(f"- 参数 · query: {', '.join(asked)}")
    if headers:
        lines.append(f"- 请求头 · header: {codes(headers)}")
    if body := operation.get("requestBody"):
        lines.append(f"- 请求 · request: {request(described, body)}")
    if said := answer(described, operation):
        lines.append(f"- 回答 · answer: {said}")
    ends = [status for status in operation["responses"] if status >= "400" and int(status) not in ALWAYS]
    if ends:
        lines.append(f"- 问题 · problems: {codes(ends)}")
    return [*lines, f"- `operationId`: `{operation['operationId']}`", ""]


def who(operation: Json) -> str:
    may = operation[WHO]
    if may not in get_args(Action):
        return PEOPLE[may]
    held = "在最上级单位 · at the top" if operation.get(TOP) else "在该单位或其上级 · in the organisation or above it"
    roles = "、".join(f"{zh} {role}" for role, (zh, _) in ROLES.items() if may in MAY[role])
    return f"{roles}（{held}）"


def request(described: Json, body: Json) -> str:
    ((media_type, content),) = body["content"].items()
    if media_type != "application/json":
        return "文件的内容 · the bytes of the file"
    schema = described["components"]["schemas"][name_of(content["schema"])]
    required = schema.get("required", ())
    keys = [shown(key, key in required) for key in schema["properties"]]
    more = "，以及该形式的各个字段 · and the fields of the form" if schema.get("additionalProperties") else ""
    return ", ".join(keys) + more


def answer(described: Json, operation: Json) -> str:
    """The keys of its JSON, with the name of the shape; the types of files."""
    content = next(iter(done(operation)), {}).get("content", {})
    found = []
    if name := json_of(content):
        keys = codes(described["components"]["schemas"][name]["properties"])
        found.append(f"[`{name}`](#{name.lower()}): {keys}")
    if files := [each for each in content if each != "application/json"]:
        found.append(f"文件 · a file: {codes(files)}")
    return "; ".join(found)


def answered(described: Json) -> list[str]:
    """The shapes of all answers, and those within them, in the order in which they are met."""
    schemas, found = described["components"]["schemas"], ["ProblemJson"]
    for _, operation in operations(described):
        found += [name for each in done(operation) if (name := json_of(each.get("content", {})))]
    for name in found:  # grows while it is read
        found += [each for each in references(schemas[name]) if each not in found]
    return list(dict.fromkeys(found))


def done(operation: Json) -> Iterator[Json]:
    """What it says of the answers that are no problems."""
    return (said for status, said in operation["responses"].items() if status < "400")


def json_of(content: Json) -> str | None:
    """The name of the shape of a JSON answer."""
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else name_of(schema)


def shape(described: Json, name: str) -> list[str]:
    schema = described["components"]["schemas"][name]
    required = schema.get("required", ())
    lines = [f"### {name}", "", literals(schema["description"]), "", *table("", "", "")]
    for key, said in schema["properties"].items():
        optional = "" if key in required else "不一定有 · not always there. "
        lines.append(row(f"`{key}`", kind(said), optional + literals(said.get("description", ""))))
    return [*lines, ""]


def kind(schema: Json) -> str:
    """What a value is, in a word or two: ``list of FileJson``, ``integer or null``."""
    if "$ref" in schema:
        name = name_of(schema)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(kind, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return codes(schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}"
    if schema.get("type") == "object":
        within = schema.get("additionalProperties")
        return f"object of {kind(within)}" if isinstance(within, dict) else "object"
    return str(schema["type"])


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield name_of(schema)
        for each in schema.values():
            yield from references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from references(each)


def name_of(schema: Json) -> str:
    return str(schema["$ref"].rpartition("/")[2])


def shown(key: str, required: bool) -> str:
    return f"`{key}`" + ("*" if required else "")
