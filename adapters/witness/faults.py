"""Why a witness did not cosign. None of it ever stops filing or publishing; one of them is an alarm."""

from __future__ import annotations

from typing import Any

from domain.errors import IntegrityFault, ServerUnreachable, Unavailable


class WitnessUnreachable(ServerUnreachable):
    code = "witness_unreachable"
    zh = "见证方没有答复（{reason}）。"
    en = "The witness does not answer ({reason})."
    next_zh = "存证和公布照常进行；请核对策略文件里的网址，或问见证方的运营者。"
    next_en = "Filing and publishing go on. Check the address in the policy, or ask whoever runs the witness."


class WitnessRefused(Unavailable):
    """It answered, and not by a cosignature. ``after``: seconds that it asks to be left alone for."""

    code = "witness_refused"
    zh = "见证方没有签（HTTP {status}）。"
    en = "The witness did not cosign (HTTP {status})."
    next_zh = "403、404：请见证方登记本账本的公钥；429：稍后会自动再问。"
    next_en = "403 and 404: have the witness add this ledger's key; 429: it is asked again by itself."

    def __init__(self, status: int, after: float | None = None, **where: Any) -> None:
        self.after = after
        super().__init__(status=status, **where)


class WitnessAnswerInvalid(Unavailable):
    code = "witness_answer_invalid"
    zh = "见证方的答复不能用：{problem_zh}。"
    en = "The witness's answer cannot be used: {problem_en}."
    next_zh = "请核对策略文件里它的公钥和网址。"
    next_en = "Check its key and its address in the policy."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class WitnessSawAnother(IntegrityFault):
    """The alarm: what the witness cosigned before is not continued by the present tree."""

    code = "witness_saw_another"
    zh = "警报：见证方见过的账本与现在的 {size} 条接不上（{detail_zh}）——账本可能被退回旧备份，或被改写。"
    en = (
        "ALARM: the witness saw a ledger that the present {size} leaves do not continue ({detail_en}): it may have been"
        " rolled back to an old backup, or rewritten."
    )
    next_zh = "请运行 jianzheng verify，保留现场，再与见证方核对它留存的检查点。"
    next_en = "Run jianzheng verify, change nothing, and compare with the checkpoint that the witness keeps."

    def __init__(self, size: int, detail_zh: str, detail_en: str, **where: Any) -> None:
        super().__init__(size=size, detail_zh=detail_zh, detail_en=detail_en, **where)
