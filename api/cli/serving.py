"""``serve``: the web pages and the HTTP interface on this machine. ``work``: what it does in the background, alone."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from api.cli.command import Command, option
from api.cli.context import Context
from domain.errors import EXIT_DONE, EXIT_UNAVAILABLE, Unavailable

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class AddressTaken(Unavailable):
    code = "address_taken"
    zh = "{address} 不能用（{reason}）。"
    en = "{address} cannot be used ({reason})."
    next_zh = "多半是另一个程序占着；换一个：--port 8001。"
    next_en = "Another program probably has it; choose another one: --port 8001."


def serve(context: Context, args: Namespace) -> int:
    from api.app import create_app
    from api.http.shield import log_to_stderr

    log_to_stderr()
    app = create_app(context.house, context.pipeline, context.settings.hosts)
    return run_server(context, app, args.host, args.port, ("见证已启动", "Jianzheng is ready"))


def run_server(context: Context, app: ASGIApp, host: str, port: int, ready: tuple[str, str]) -> int:
    """Serve an application until a signal ends it. Raises `AddressTaken`."""
    import signal
    import socket

    import uvicorn

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise AddressTaken(address=f"{host}:{port}", reason=reason) from None
    shown = f"[{host}]" if family == socket.AF_INET6 else host
    address = f"http://{shown}:{listener.getsockname()[1]}/"

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            context.screen.say(f"{ready[0]}：{address}（Ctrl+C 停止）", f"{ready[1]}: {address} (Ctrl+C stops)")
            context.screen.flush()

    # uvicorn ends its work and then lets the signal through; either one is how a server is meant to end.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
    try:
        server.run([listener])
    except KeyboardInterrupt:
        return EXIT_DONE
    return EXIT_DONE if server.started else EXIT_UNAVAILABLE


def work(context: Context, _: Namespace) -> int:
    import signal
    import socket

    from api.http.shield import log_to_stderr

    log_to_stderr()
    # The system may interrupt any thread, and the first one just before it waits. A lock would go on waiting then;
    # what is written into a socket lies there.
    asked, asking = socket.socketpair()
    with asked, asking:
        asking.setblocking(False)
        signal.set_wakeup_fd(asking.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        context.pipeline.start()
        try:
            context.screen.say("后台处理已启动（Ctrl+C 停止）", "Working in the background (Ctrl+C stops)")
            context.screen.flush()
            asked.recv(1)
        finally:
            context.pipeline.stop()
            signal.set_wakeup_fd(-1)
    return EXIT_DONE


COMMANDS: tuple[Command, ...] = (
    Command(
        ("serve",),
        "启动网页和接口",
        "Serve the pages and the HTTP interface",
        serve,
        "serve --port 8000",
        (
            option(
                "--host",
                "H",
                "监听的地址，默认只在本机（127.0.0.1）",
                "address (default: 127.0.0.1, this machine only)",
                default="127.0.0.1",
            ),
            option("--port", "P", "端口，默认 8000", "port (default: 8000)", type=int, default=8000),
        ),
        json=False,
    ),
    Command(
        ("work",),
        "在后台做账本、提取文字、编索引",
        "Keep ledger, texts and index up to date in the background",
        work,
        "work",
        json=False,
        more_zh="serve 自己也做这些。"
        "用服务器时可以在几台机器上各开几个：同一件事同时只有一个在做，附件的文字由各个分头提取。",
        more_en="serve does the same by itself. On servers any number may run on any number of machines: each job "
        "has one leader at a time, and files are read by all of them.",
    ),
)
