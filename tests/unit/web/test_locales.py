"""The catalogues of the pages: the same keys, the same places to fill in, and no sentence left in a template."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from api.web.locale import LANGUAGES, catalogue, speaker

WEB = Path(__file__).resolve().parents[3] / "api"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
SAID = re.compile(r"""\bt(?:\.raw)?\(f?(['"])([\w.-]+)\1""")
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TAGS = re.compile(r"<!?[^<>]*>|[\w-]+=\"[^\"]*\"", re.DOTALL)
ALLOWED = {"SHA"}
"""Words of formats, which are no language's."""


def test_both_languages_have_the_same_keys() -> None:
    """What can be said in one language can be said in the other."""
    assert catalogue("zh").keys() == catalogue("en").keys()


def test_a_subject_may_bring_a_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sentences are said like all others; a key that two catalogues have is refused."""
    (tmp_path / "zh.json").write_text('{"a": "甲"}', "utf-8")
    (tmp_path / "keepsakes.zh.json").write_text('{"keepsakes.title": "纪念物"}', "utf-8")
    (tmp_path / "keepsakes.en.json").write_text('{"keepsakes.title": "Keepsakes"}', "utf-8")
    monkeypatch.setattr("api.web.locale.files", lambda _: tmp_path)
    assert catalogue.__wrapped__("zh") == {"a": "甲", "keepsakes.title": "纪念物"}
    (tmp_path / "other.zh.json").write_text('{"a": "乙"}', "utf-8")
    with pytest.raises(ValueError, match="a stands in another catalogue"):
        catalogue.__wrapped__("zh")


def test_both_languages_fill_in_the_same_values() -> None:
    """No translation forgets a number or a name."""
    for key, zh in catalogue("zh").items():
        names = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (zh, catalogue("en")[key])]
        assert names[0] == names[1], key


def test_no_sentence_is_empty() -> None:
    """Each key says something in each language."""
    assert [key for lang in LANGUAGES for key, text in catalogue(lang).items() if not text.strip()] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_untranslated_text(path: Path) -> None:
    """Outside of Jinja and tags a template has no letters of any language."""
    bare = TAGS.sub(" ", JINJA.sub("", path.read_text(encoding="utf-8")))
    words = re.findall(r"[^\W\d_]{2,}", bare)
    assert [word for word in words if word not in ALLOWED] == []


def test_every_key_that_is_asked_for_exists() -> None:
    """Templates and pages ask only for keys of the catalogue."""
    sources = [*TEMPLATES, *sorted((WEB / "web").glob("*.py"))]
    asked = {m[2] for path in sources for m in SAID.finditer(path.read_text(encoding="utf-8"))}
    assert sorted(key for key in asked if not key.endswith(".") and key not in catalogue("zh")) == []


def test_one_and_many() -> None:
    """A number chooses the form of the sentence, and thousands are marked."""
    assert speaker("en")("search.total", n=1) == "1 record"
    assert speaker("en")("search.total", n=18402) == "18,402 records"
    assert speaker("zh")("search.total", n=1) == "1 条记录"
