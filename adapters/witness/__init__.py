"""Witnesses: the one that we run for others, and the way to those that watch us."""
