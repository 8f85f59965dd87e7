"""``settings.md``: the variables of the environment."""

from __future__ import annotations

from adapters.home.variables import VARIABLES
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
    secrets = "、".join(f"`{variable.name}_FILE`" for variable in VARIABLES if variable.secret)
    lines += [
        "",
        f"带有口令的设置可以写在文件里，变量只说文件在哪里：{secrets}。文件里是那一项的值，一行；同一项不能两样都设。"
        "这样口令不在环境里，`docker-compose.yml` 就是这样做的。",
        "",
        "A setting with a secret may stand in a file, which the variable of that name with `_FILE` names: one "
        "line, the value. Only one of the two may be set. So no secret is in the environment; `docker-compose.yml` "
        "does it that way.",
        "",
        "`NO_COLOR`（任意值）让命令不用颜色 · any value keeps commands from using colour.",
        "",
        "`make demo` 另外读 `DEMO_PORT`（默认 8000）· besides reads `DEMO_PORT` (default: 8000).",
    ]
    return "\n".join(lines)
