"""`python -m tests.config.serve DATA_DIR`: run both services until killed or told to stop by the end of stdin."""

import json
import sys
from pathlib import Path

from config.embedded.services import services

if __name__ == "__main__":
    with services(Path(sys.argv[1])) as environment:
        print(json.dumps(environment), flush=True)
        sys.stdin.read()
