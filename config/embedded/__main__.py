"""`eval "$(.venv/bin/python -m config.embedded)"`: let psql, pg_dump and redis-cli reach the running services."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from config.embedded.addresses import addresses
from config.embedded.postgres import programs_dir
from config.embedded.redis import programs_dir as redis_programs_dir

_ROOT = Path(__file__).resolve().parent.parent.parent


def _lines() -> list[str]:
    data_dir = Path(os.environ.get("QUERENT_DATA_DIR") or _ROOT / ".data")
    variables = [f"export {name}={shlex.quote(value)}" for name, value in addresses(data_dir).items()]
    socket = shlex.quote(addresses(data_dir)["REDIS_URL"].removeprefix("unix://").partition("?")[0])
    folders = f"{shlex.quote(str(programs_dir()))}:{shlex.quote(str(redis_programs_dir()))}"
    return [*variables, f"export REDIS_SOCKET={socket}", f'export PATH={folders}:"$PATH"']


if __name__ == "__main__":
    sys.stdout.write("\n".join(_lines()) + "\n")
