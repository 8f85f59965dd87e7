"""What a change costs: each kind of change that `docs/how-to/develop.md` describes is made on a copy of the project, the
tests concerned are run there, and the files that it touched are held against those that the document names.
"""
