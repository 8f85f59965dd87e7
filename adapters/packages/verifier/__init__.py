"""The verifier that travels inside every evidence package: plain Python and its standard library, nothing of ours.

`adapters.packages.single_file` joins these modules into one file; so none of them imports anything else of the project,
all of them run on Python 3.9 and newer, and no two of them use one name. It is a second implementation on purpose: what
it finds good does not rest on the code that made the package.
"""
