"""Makes an archive with every kind of event and a record of every form, by the commands that people use, and keeps it.

``python -m tests.golden.archives NAME`` writes ``NAME.tar.xz`` beside this file. Not reproducible to the byte: keys,
salts and times are those of the run.
"""

from __future__ import annotations

import json
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import xlsxwriter
import yaml
from PIL import Image

from domain.records.families import FAMILIES
from domain.records.fields import Field
from tests.authority import make, serving
from tests.cli_world import Shell
from tests.golden.archives.asking import answers, questions

HERE = Path(__file__).parent
YEAR = 2023


def value_of(field: Field) -> Any:
    """Something that fits the field: every kind of value occurs."""
    match field.kind:
        case "person":
            return "张敏"
        case "int":
            return 8 if field.key in ("entitled", "ballots", "distributed") else 2
        case "number":
            return 93.5
        case "flag":
            return True
        case "date":
            return f"{YEAR}-11-30"
        case "choice":
            return field.choices[0].zh
        case "texts":
            return [f"{field.zh}甲", f"{field.zh}乙"]
        case "rows":
            return [{column.key: value_of(column) for column in field.columns}]
    return f"{field.zh}：线路老化的教室已经停用。"


def records(folder: Path) -> Iterator[Path]:
    """A folder with ``record.yaml`` for every form, every second of them with all its fields, the others with the
    required ones alone; in the order in which they are filed.
    """
    day = 0
    for family in FAMILIES:
        for form in family.forms:
            day += 1
            content: dict[str, Any] = {
                "organisation": "school-01" if day % 3 else "school-02",
                "family": family.key,
                "form": form.key,
                "title": f"{form.zh}（{day}）",
                "occurred": {"from": f"{YEAR}-{1 + day % 12:02}-{1 + day % 28:02}T09:00+08:00"},
            }
            if day % 2:
                content |= {field.key: value_of(field) for field in (*family.fields, *form.fields)}
                content["occurred"]["to"] = content["occurred"]["from"].replace("T09", "T11")
                content |= {"place": "三樓會議室", "chair": "张敏", "body": f"{form.zh}的正文：立行立改，逐项销号。"}
                content["attendance"] = {
                    "expected": 9,
                    "present": 8,
                    "on_leave": [{"person": "王芳", "reason": "病假"}],
                }
            here = folder / f"{day:02}-{form.key}"
            here.mkdir(parents=True)
            (here / "record.yaml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
            yield here


def put_files(folder: Path) -> None:
    """Attachments of several kinds, one of them in two records."""
    (folder / "签到表.txt").write_text("签到：张敏、王芳、赵军。\n", "utf-8")
    document = docx.Document()
    document.add_paragraph("讲稿第一段：从历史中汲取力量。")
    document.save(str(folder / "讲稿.docx"))
    book = xlsxwriter.Workbook(str(folder / "台账.xlsx"))
    book.add_worksheet("整改台账").write_row(0, 0, ["问题", "教学楼线路老化", 3])
    book.close()
    Image.new("RGB", (16, 16), "#a33").save(folder / "照片.jpg")


def work(run: Shell) -> dict[str, Any]:
    """Everything that an office does; gives the archival codes by the number of the record."""

    def do(*words: str, code: int = 0, **variables: str) -> Any:
        answer = run(*words, "--json", **variables)
        said = answer.json
        assert answer.code == code, (words[:2], said.get("failed", said))
        return said

    do("init", "--name", "青禾区教育局", "--origin", "archive.example/golden")
    for code, name in (("school-01", "第一小学"), ("school-02", "第二中学")):
        do("org", "add", code, name, "--kind", "school")
    do("org", "rename", "school-02", "第二实验中学")
    do("person", "add", "zhang-min", "张敏", "--org", "school-01", "--post", "书记", "--since", "2018-09-01")
    do("person", "add", "wang-fang", "王芳", "--org", "school-01")
    do("person", "post", "wang-fang", "--org", "school-01", "--post", "委员", "--since", "2021-01-01")
    do("person", "leave", "wang-fang", "--org", "school-01", "--post", "委员", "--on", "2023-07-01")
    for name, role in (("clerk-01", "clerk"), ("secretary-01", "secretary"), ("gone-01", "reader")):
        do("user", "add", name, "--role", role, "--org", "school-01", JIANZHENG_PASSWORD="correct horse " + name)
    do("user", "add", "admin-02", "--role", "administrator", "--org", "top", JIANZHENG_PASSWORD="correct horse admin")
    do("user", "grant", "clerk-01", "secretary", "--org", "school-01", "--since", "2024-01-01")
    do("user", "revoke", "clerk-01", "secretary", "--org", "school-01")
    do("user", "close", "gone-01")

    folders = list(records(run.folder / "材料"))
    put_files(folders[0])
    (folders[1] / "签到表.txt").write_bytes((folders[0] / "签到表.txt").read_bytes())
    filed = {each["path"]: each["code"] for each in do("ingest", *(str(folder) for folder in folders))["filed"]}
    codes = [filed[str(folder)] for folder in folders]
    by_form = {folder.name.split("-", 1)[1]: code for folder, code in zip(folders, codes, strict=True)}

    (run.folder / "补充.txt").write_text("补充说明：会后交来的材料。\n", "utf-8")
    do("attach", codes[2], "补充.txt")
    corrected = yaml.safe_load((folders[3] / "record.yaml").read_text("utf-8")) | {
        "body": "更正后的正文：已经逐项核对。"
    }
    (run.folder / "更正.yaml").write_text(yaml.safe_dump(corrected, allow_unicode=True), "utf-8")
    do("correct", codes[3], "更正.yaml", "--reason", "漏填正文")
    do("sign-off", codes[0])
    do("sign-off", codes[3])
    do("return", codes[4], "--reason", "缺签到表")
    do("withdraw", codes[6], "--reason", "重复")
    do("progress", by_form["problem_item"], "已完成线路改造", "--on", "2023-09-20")
    do("close", by_form["problem_item"], "经复查已整改到位", "--evidence", codes[0], "--on", "2023-09-30")
    do("progress", by_form["notice_item"], "正在整改", "--on", "2023-09-21")

    do("report", "issue", "--org", "school-01", "--year", str(YEAR), "-o", "taken/年报")
    taken = run.folder / "taken"
    (taken / "检查点.txt").write_text(run("checkpoint").out, "utf-8")
    (taken / "策略.txt").write_text(f"log {do('checkpoint')['vkey']}\nquorum none\n", "utf-8")
    for name, words in (
        ("存入.tlog-proof", (codes[0], "--event", "1")),
        ("完整.json", (codes[0], "--complete")),
        ("回执.pdf", (codes[3],)),
    ):
        do("receipt", *words, "-o", f"taken/{name}")
    do("package", codes[0], codes[3], "-o", "taken/证据包.zip")

    do("erasure", "propose", codes[7], "--ground", "privacy", "--basis", "教党〔2024〕7号")
    do("erasure", "reject", codes[7], "--reason", "尚在诉讼期间", JIANZHENG_USER="admin-02")
    do("erasure", "propose", codes[8], "--ground", "court", "--basis", "（2024）民终7号")
    do("erasure", "approve", codes[8], JIANZHENG_USER="admin-02")
    do("erasure", "propose", codes[0], "--ground", "privacy", "--basis", "教党〔2024〕8号", "--file", "照片.jpg")
    do("erasure", "approve", codes[0], JIANZHENG_USER="admin-02")

    do("key", "rotate")
    do("sign-off", codes[9])
    do("key", "retire", "oldest", "--reason", "到期更换")
    do("sign-off", codes[10])
    with serving(make(run.folder / "tsa")) as authority:
        roots = run.folder / "jianzheng-data" / "timestamp-roots"
        roots.mkdir(exist_ok=True)
        (roots / "tsa.pem").write_bytes(authority.roots.read_bytes())
        do("timestamp", JIANZHENG_TIMESTAMP_AUTHORITIES=f"tsa={authority.url}")
    for key in (run.folder / "jianzheng-data" / "keys").glob("*.key"):
        key.unlink()
    do("key", "recover", "--reason", "磁盘损坏，没有备份")
    do("sign-off", codes[11])
    return by_form


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Shell(Path(folder))
        (run.folder / "taken").mkdir()
        by_form = work(run)
        (run.folder / "records.json").write_text(json.dumps(by_form, indent=1) + "\n", "utf-8")
        said = answers(run, questions(by_form))
        (run.folder / "answers.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", "utf-8")
        with tarfile.open(HERE / f"{name}.tar.xz", "w:xz", preset=9) as packed:
            packed.add(run.folder / "jianzheng-data", "home", filter=_nobody)
            for each in ("taken", "records.json", "answers.json"):
                packed.add(run.folder / each, each, filter=_nobody)


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the account that made it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(*sys.argv[1:])
