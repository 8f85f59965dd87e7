"""An error as a person at a terminal reads it: where, what, and what to do next."""

from __future__ import annotations

from domain.errors import JianzhengError, Lang


def describe(error: JianzhengError, lang: Lang) -> str:
    """The error for a person: code, place, sentence; then every further problem; then the next step."""
    place = where(error.file, error.line, error.field, lang)
    lines = [f"[{error.code}] {place}{error.message(lang)}"]
    problems = error.params.get("problems", ())
    for problem in problems[1:]:
        lines.append(f"  · {where(None, None, problem.field, lang)}{problem.zh if lang == 'zh' else problem.en}")
    if step := error.next_step(lang):
        lines.append(("→ " if lang == "zh" else "-> ") + step)
    return "\n".join(lines)


def where(file: str | None, line: int | None, field: str | None, lang: Lang) -> str:
    """``record.yaml:12 attendance.present：`` — what is known of the place, empty where nothing is."""
    place = " ".join(part for part in (f"{file}:{line}" if file and line else file, field) if part)
    if not place:
        return ""
    return place + ("：" if lang == "zh" else ": ")
