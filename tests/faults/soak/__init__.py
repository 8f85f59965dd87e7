"""The soak test: clients, web processes, workers and a killer on one archive, for as long as one likes.

``python -m tests.faults.soak`` (``make soak``) runs it; `tests.faults.test_soak_servers` does so for a minute. `world`
makes the archive, `members` are its processes, `load` the clients, `killer` ends processes with ``kill -9``, `journal`
remembers what was asked and what was acknowledged, `watch` keeps what the ledger published, and `oracle` says at the
end what was lost, done twice or changed.
"""
