"""The tamper drill: an archive is built once, and laid hands on in every way; `verify` must name each exactly.

``python -m tests.drill`` runs it and writes docs/TAMPER-DRILL.md. A *kind* (`tests.drill.registry`) is one way of
laying hands on one thing, with exactly the findings that must name it; a *case* draws one kind, or several together.
"""
