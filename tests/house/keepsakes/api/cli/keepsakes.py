"""``keep``: keep something that a school was given."""

from __future__ import annotations

from argparse import Namespace

from api.cli.command import ORG, Command, positional
from api.cli.context import Context
from domain.errors import EXIT_DONE


def keep(context: Context, args: Namespace) -> int:
    from domain.keepsakes.keeping import Keepsakes

    archive = context.archive
    keepsakes = Keepsakes(context.events, archive.policy, context.clock, archive.entropy)
    stream = keepsakes.keep(context.actor, args.org, args.title)
    context.catch_up()
    context.screen.document({"keepsake": str(stream)})
    context.screen.say(f"已收存：{stream}", f"Kept: {stream}")
    return EXIT_DONE


COMMANDS = (
    Command(
        ("keep",), "收存一件纪念物", "keep something that a school was given", keep, "keep 校徽 --org school-01",
        (positional("TITLE", "名称", "what it is called"), ORG),
    ),
)  # fmt: skip
