"""``python -m weir_train``."""

import sys

from weir_train.cli import main

sys.exit(main())
