"""Private directories for data and sockets, and the lock that gives one run the data directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded.accounts import Account
from config.embedded.addresses import runtime_dir
from config.embedded.programs import EmbeddedError


def own_runtime_dir(data_dir: Path) -> Path:
    """Create the directory of the sockets; refuse one that somebody else made first in the shared /tmp."""
    path = runtime_dir(data_dir)
    path.mkdir(mode=0o711, exist_ok=True)
    status = path.lstat()
    if path.is_symlink() or not path.is_dir() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise EmbeddedError(
            f"{path} belongs to somebody else (user id {status.st_uid}); remove it and try again"
        )
    path.chmod(0o711)  # mkdir is subject to the umask
    return path


def private_dir(path: Path, account: Account | None = None) -> Path:
    """Create the directory, readable by its owner only, and hand it to the account."""
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    if account:
        os.chown(path, account.uid, account.gid)
    return path


@contextmanager
def sole_use(data_dir: Path) -> Iterator[None]:
    """Hold the data directory's lock; the kernel gives it back however this process ends."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise EmbeddedError(
                f"Querent already runs on {data_dir} (process {file.read().strip() or 'unknown'}). "
                "Stop it first, or give this run its own QUERENT_DATA_DIR and PORT."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
