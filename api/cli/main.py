"""The command ``jianzheng``: finds the command, runs it, and turns whatever happens into words and an exit code.

Exit codes: 0 done, 1 a check found something, 2 wrong input or call, 3 unreachable now, 4 not allowed; 70 for a fault
of the program itself and 130 when interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from adapters.home.settings import Settings, language, read
from api.cli.failures import describe
from api.cli.parser import HelpWanted, VersionWanted, parse
from domain.errors import EXIT_DONE, IntegrityFault, JianzhengError, Lang, ProgramFault

EXIT_INTERRUPTED = 130


class InternalError(ProgramFault):
    """A fault of the program. The details are in a file, never on the screen."""

    code = "internal"
    zh = "程序内部出错（{kind}），操作没有完成。"
    en = "The program itself failed ({kind}); the operation was not completed."
    next_zh = "细节{where_zh}；请把它交给维护人员。"
    next_en = "The details {where_en}; please pass them on to whoever looks after the program."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code and never raises."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A JSON document is UTF-8 everywhere; for people a character that the terminal lacks must not be an error.
            stream.reconfigure(encoding="utf-8" if "--json" in given else None, errors="replace")
    try:
        code = _run(given, os.environ)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough. What is left in the buffer must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return code


def _run(given: list[str], environment: Mapping[str, str]) -> int:
    lang, as_json = language(environment), "--json" in given
    try:
        command, args = parse(given, lang)
        settings = read(environment)
    except (HelpWanted, VersionWanted) as wanted:
        sys.stdout.write(str(wanted))
        return EXIT_DONE
    except JianzhengError as error:
        return _fail(error, lang, as_json)

    from api.cli.context import Context

    context = Context(settings, environment, as_json)
    try:
        code = command.run(context, args)
        return code or (context.fault.exit_code if isinstance(context.fault, IntegrityFault) else code)
    except JianzhengError as error:
        context.screen.progress_done()
        return _fail(error, lang, as_json)
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:  # the last resort: no traceback ever reaches a person
        context.screen.progress_done()
        return _fail(_internal(error, settings, given, debug="--debug" in given), lang, as_json)
    finally:
        context.close()


def _fail(error: JianzhengError, lang: Lang, as_json: bool) -> int:
    if as_json:
        import json

        document = {"error": error.as_dict(lang)}
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stderr.write(describe(error, lang) + "\n")
    return error.exit_code


def _internal(error: Exception, settings: Settings, given: list[str], debug: bool) -> InternalError:
    details = "".join(traceback.format_exception(error))
    if debug:
        sys.stderr.write(details)
        zh, en = "见上", "are above"
    elif (log := _log(settings.home, details, given[:2])) is not None:
        zh, en = f"写在 {log}", f"are in {log}"
    else:
        zh, en = "可以加上 --debug 再运行一次看到", "are shown when it is run again with --debug"
    return InternalError(kind=type(error).__name__, where_zh=zh, where_en=en)


def _log(home: Path, details: str, command: list[str]) -> str | None:
    """Write the details into the archive's ``logs``; None where there is no archive or it cannot be written."""
    if not home.is_dir():
        return None
    now = datetime.now(UTC)
    path = home / "logs" / f"error-{now:%Y%m%dT%H%M%S%f}.txt"
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(f"{now.isoformat()} {' '.join(command)}\n{details}", "utf-8", "backslashreplace")
    except OSError:
        return None
    return str(path)
