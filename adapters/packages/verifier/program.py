"""The program: says what it found, in Chinese and in English."""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.packages.verifier.bag import Bag
from adapters.packages.verifier.evidence import Report, check_package
from adapters.packages.verifier.trouble import NoPackage

USAGE = "python3 verify.py [PACKAGE.zip | FOLDER] [--policy FILE]"


def main(arguments: list[str], here: Path) -> int:
    """0 sound, 1 something is wrong, 2 no package."""
    policy: bytes | None = None
    if "--policy" in arguments[:-1]:
        at = arguments.index("--policy")
        try:
            policy = Path(arguments[at + 1]).read_bytes()
        except OSError as error:
            return no_use(f"策略读不出（{error}）", f"the policy cannot be read ({error})")
        del arguments[at : at + 2]
    if len(arguments) > 1 or any(each.startswith("-") for each in arguments):
        return no_use(USAGE, USAGE)
    try:
        bag = Bag(Path(arguments[0]) if arguments else here)
        try:
            report = check_package(bag, policy)
        finally:
            bag.close()
    except NoPackage as error:
        return no_use(error.zh, error.en)
    tell(report)
    return 0 if report.sound else 1


def no_use(zh: str, en: str) -> int:
    """Says why on standard error; gives the exit code."""
    sys.stderr.write(f"这不是能核验的证据包：{zh}\nNot a package that can be checked: {en}\n")
    return 2


def tell(report: Report) -> None:
    """The findings on standard output, UTF-8."""
    lines = [f"{sign} {text}" for sign, some in (("✓", report.proven), ("✗", report.wrong), ("!", report.open))
             for said in some for text in said]  # fmt: skip
    if report.sound:
        lines += [
            f"成立：{report.records} 条记录、{report.events} 个事件、{report.files} 个文件、{report.stamps} 个时间戳。",
            "它证明：这些内容按所列次序记入了账本，此后没有改动；文件就是当初存入的文件。",
            "它不证明：所记之事是真的；在检查点以后没有发生别的事。",
            f"Sound: {report.records} records, {report.events} events, {report.files} files, {report.stamps} stamps.",
            "Proven: all of this was entered in the ledger in this order and was not changed since; the files are those"
            " that were filed.",
            "Not proven: that what was recorded is true; that nothing else happened after the checkpoint.",
        ]
    else:
        lines.append(f"不成立：{len(report.wrong)} 处不符。")
        lines.append(f"Not sound: {len(report.wrong)} findings.")
    out = "\n".join(lines) + "\n"
    sys.stdout.buffer.write(out.encode())  # whatever the terminal's own encoding is
    sys.stdout.buffer.flush()
