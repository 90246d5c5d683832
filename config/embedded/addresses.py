"""Where the embedded services of a data directory listen; a pure function of its path, so any process can work it out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

# A Unix socket's path may have 107 bytes at most, and a checkout may lie deep: so the sockets live in a short
# directory of their own, named after the data directory.
_SOCKETS = Path("/tmp")  # noqa: S108 - created with owner and mode checked, see config.embedded.paths


def runtime_dir(data_dir: Path) -> Path:
    """The directory that holds the sockets of this data directory's services."""
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()
    return _SOCKETS / f"querent-{digest[:12]}"


def postgres_socket_dir(data_dir: Path) -> Path:
    return runtime_dir(data_dir) / "postgres"


def redis_socket(data_dir: Path) -> Path:
    return runtime_dir(data_dir) / "redis" / "redis.sock"


def database_url(data_dir: Path) -> str:
    return f"postgresql://querent@/querent?host={quote(str(postgres_socket_dir(data_dir)))}"


def redis_url(data_dir: Path) -> str:
    return f"unix://{redis_socket(data_dir)}?db=0"


def addresses(data_dir: Path) -> dict[str, str]:
    """Environment variables that lead a process to the services of this data directory."""
    return {"DATABASE_URL": database_url(data_dir), "REDIS_URL": redis_url(data_dir)}
