"""``python -m api.cli``: the same as the command ``jianzheng``."""

import sys

from api.cli.main import main

sys.exit(main())
