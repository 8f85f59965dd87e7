"""``settings.md``: the variables of the environment."""

from __future__ import annotations

from adapters.settings import VARIABLES
from docs.reference_pages.markdown import heading, row, table


def page() -> str:
    lines = heading(
        "设置 · Settings",
        "设置都是环境变量，程序启动时读一次；没有配置文件。`jianzheng check` 说出现在用的是什么、能不能用。\n\n"
        "Settings are variables of the environment, read once when the program starts; there is no configuration file. "
        "`jianzheng check` says what is in use and whether it works.",
    )
    lines += table("变量 variable", "默认 default", "例 example", "说明", "meaning")
    for variable in VARIABLES:
        shown = (f"`{word}`" if word else "" for word in (variable.name, variable.default, variable.example))
        lines.append(row(*shown, variable.zh, variable.en))
    lines += [
        "",
        "`NO_COLOR`（任意值）让命令不用颜色 · any value keeps commands from using colour.",
        "",
        "`make demo` 另外读 `DEMO_PORT`（默认 8000）· besides reads `DEMO_PORT` (default: 8000).",
    ]
    return "\n".join(lines)
