"""Puts the folder of the tests on the path: `from strategies import sampledbs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
