"""What `keepsakes/` holds is no test of this project: it is laid over a copy of it."""

collect_ignore = ["keepsakes"]
