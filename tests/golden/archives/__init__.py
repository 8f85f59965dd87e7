"""Archives as earlier versions of the program left them, and the script that makes one.

``0.1.0.tar.xz`` holds the folder of an archive (``home``, with its keys, which sign nothing else), what people took
from it (``taken``: receipts, a package, a checkpoint, issued reports) and what the program of that day answered
(``answers.json``). Whatever comes later opens, verifies, searches and reports it; nothing in it is ever changed. A
version that changes what is kept for ever adds an archive of its own: ``python -m tests.golden.archives NAME``.
"""
