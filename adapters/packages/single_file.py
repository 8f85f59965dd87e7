"""The verifier as one file: the modules of `adapters.packages.verifier`, joined, without imports of one another."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

MODULES = ("trouble", "curve", "merkle", "trusting", "bag", "stamped", "evidence", "program")
"""In the order in which they need each other."""

HEAD = '''\
#!/usr/bin/env python3
"""核验见证证据包 · Checks an evidence package of Jianzheng.

    python3 verify.py [PACKAGE.zip | FOLDER] [--policy FILE]

Needs Python 3.9 or newer and its standard library, no network and nothing else; signatures of time stamps are
checked by the program openssl where there is one. Without a path it checks the folder that it lies in. What it
reads: BagIt (RFC 8493); signed notes, checkpoints, cosignatures, policies and proofs of C2SP; the tree of RFC 6962;
Ed25519 (RFC 8032); time stamps (RFC 3161). Exit code: 0 sound, 1 something is wrong, 2 no package.
"""

from __future__ import annotations
'''

TAIL = """

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent))
"""


@cache
def single_file() -> bytes:
    """The same bytes for the same version of the program."""
    folder = Path(__file__).parent / "verifier"
    imports: set[str] = set()
    bodies = []
    for module in MODULES:
        source = (folder / f"{module}.py").read_text("utf-8")
        lines = source.splitlines()
        for node in ast.parse(source).body:
            last = node.end_lineno or node.lineno
            if isinstance(node, ast.Import | ast.ImportFrom):
                if not (
                    isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("adapters.", "__future__"))
                ):
                    imports.add(ast.unparse(node))
                lines[node.lineno - 1 : last] = [""] * (last - node.lineno + 1)
        title = ast.get_docstring(ast.parse(source)) or ""
        first = ast.parse(source).body[0].end_lineno or 1
        rule = "─" * max(0, 112 - len(module))
        said = "\n".join(f"# {line}".rstrip() for line in title.splitlines())
        bodies.append(f"# ── {module} {rule}\n{said}\n\n" + "\n".join(lines[first:]).strip())
    ordered = sorted(imports, key=lambda line: (line.startswith("from"), line))
    return (HEAD + "\n" + "\n".join(ordered) + "\n\n\n" + "\n\n\n".join(bodies) + TAIL).encode()
