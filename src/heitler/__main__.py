"""``python -m heitler`` is the command ``heitler``."""

import sys

from heitler.cli import main

sys.exit(main())
