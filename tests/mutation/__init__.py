"""Does a test notice when the code is wrong? One thing at a time is changed in a copy of the tree, and the tests that
run that line are asked: ``python -m tests.mutation``. The verdicts stand in ``lists/``.

``kinds``     what can be changed in a source         ``places``    which are chosen, and how one is found again
``workshop``  a copy of the tree to change and run    ``plugin``    what goes into the tests' processes there
``covering``  which tests run which line              ``trial``     one change: killed or survived
``lists``     the verdicts as a file, and what they come to
"""
