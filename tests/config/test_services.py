"""The embedded services survive what machines and people do to them, and leave nothing behind."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from config.embedded import postgres
from config.embedded import redis as embedded_redis
from config.embedded.addresses import addresses, runtime_dir
from config.embedded.programs import EmbeddedError, spawn, wait_ready
from config.embedded.services import services
from tests.config.processes import ROOT, serving, using, wait_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


def pid_of(data_dir: Path, file: str) -> int:
    return int((data_dir / file).read_text().split()[0])


def test_answer_and_leave_nothing_but_data(data_dir: Path) -> None:
    with services(data_dir) as env:
        assert execute(env["DATABASE_URL"], "SHOW fsync") == [("on",)]
        assert redis.from_url(env["REDIS_URL"]).config_get("appendonly") == {"appendonly": "yes"}

    assert not using(data_dir)
    assert not runtime_dir(data_dir).exists()
    assert (data_dir / "postgres/PG_VERSION").exists()


def test_say_where_they_listen_before_they_run(data_dir: Path) -> None:
    expected = addresses(data_dir)

    with services(data_dir, durable=False) as env:
        assert env == expected


def test_two_directories_do_not_disturb_each_other(data_dir: Path) -> None:
    (data_dir / "a").mkdir()
    (data_dir / "b").mkdir()
    with services(data_dir / "a", durable=False) as a, services(data_dir / "b", durable=False) as b:
        execute(a["DATABASE_URL"], "CREATE TABLE mine (id int)")
        redis.from_url(a["REDIS_URL"]).set("mine", 1)

        assert execute(b["DATABASE_URL"], "SELECT to_regclass('mine')") == [(None,)]
        assert redis.from_url(b["REDIS_URL"]).get("mine") is None


def test_second_run_on_a_directory_is_refused_with_words(data_dir: Path) -> None:
    with (
        services(data_dir, durable=False),
        pytest.raises(EmbeddedError, match=f"already runs.*process {os.getpid()}"),
        services(data_dir),
    ):
        pass


def test_confirmed_rows_survive_the_death_of_postgres(data_dir: Path) -> None:
    with services(data_dir) as env:
        execute(env["DATABASE_URL"], "CREATE TABLE kept AS SELECT 7 AS n")
        os.kill(pid_of(data_dir, "postgres/postmaster.pid"), signal.SIGKILL)

    with services(data_dir) as env:
        assert execute(env["DATABASE_URL"], "SELECT n FROM kept") == [(7,)]


def test_redis_loads_a_file_that_was_cut_in_the_middle_of_a_write(data_dir: Path) -> None:
    with services(data_dir) as env:
        redis.from_url(env["REDIS_URL"]).set("kept", 7)
        os.kill(pid_of(data_dir, "redis/redis.pid"), signal.SIGKILL)
    with (data_dir / "redis/appendonly.aof").open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nlo")

    with services(data_dir) as env:
        assert redis.from_url(env["REDIS_URL"]).get("kept") == b"7"


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(data_dir: Path) -> None:
    with serving(data_dir) as supervisor:
        execute(addresses(data_dir)["DATABASE_URL"], "CREATE TABLE kept AS SELECT 7 AS n")
        assert len(using(data_dir)) >= 3
        supervisor.kill()

    with services(data_dir) as env:
        assert execute(env["DATABASE_URL"], "SELECT n FROM kept") == [(7,)]
    wait_for(lambda: not using(data_dir))


def test_processes_end_by_themselves_when_the_supervisor_is_killed(data_dir: Path) -> None:
    with serving(data_dir) as supervisor:
        supervisor.kill()

    wait_for(lambda: not using(data_dir))


@pytest.mark.parametrize("service", [postgres, embedded_redis])
def test_orphan_of_an_earlier_run_is_stopped_cleanly_first(data_dir: Path, service: object) -> None:
    program = service.prepare(data_dir)  # type: ignore[attr-defined]
    orphan = spawn(program, subprocess.DEVNULL)
    wait_ready(orphan, program)

    service.prepare(data_dir)  # type: ignore[attr-defined]

    assert orphan.wait(5) == 0


@pytest.mark.parametrize("file", ["postgres/postmaster.pid", "redis/redis.pid"])
def test_number_reused_by_a_stranger_does_no_harm(data_dir: Path, file: str) -> None:
    with services(data_dir, durable=False):
        pass
    # Of the same user, as PostgreSQL ignores a process that it may not signal.
    owner = (data_dir / file).parent.stat().st_uid
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", user=owner if os.geteuid() == 0 else None)
    (data_dir / file).write_text(f"{stranger.pid}\n")

    with services(data_dir, durable=False) as env:
        assert execute(env["DATABASE_URL"], "SELECT 1") == [(1,)]
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_interrupted_creation_is_begun_again(data_dir: Path) -> None:
    (data_dir / "postgres.new").mkdir()
    (data_dir / "postgres.new/PG_VERSION").write_text("18")

    with services(data_dir, durable=False) as env:
        assert execute(env["DATABASE_URL"], "SELECT 1") == [(1,)]


def test_cluster_of_another_version_is_refused_with_words(data_dir: Path) -> None:
    with services(data_dir, durable=False):
        pass
    (data_dir / "postgres/PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedError, match="made by PostgreSQL 16"), services(data_dir, durable=False):
        pass


def test_failure_to_start_shows_the_log(data_dir: Path) -> None:
    with services(data_dir, durable=False):
        pass
    (data_dir / "postgres/global/pg_control").unlink()

    with pytest.raises(EmbeddedError, match="pg_control"), services(data_dir, durable=False):
        pass


def test_directory_of_sockets_made_by_somebody_else_is_refused(data_dir: Path) -> None:
    runtime_dir(data_dir).mkdir()
    runtime_dir(data_dir).chmod(0o777)

    with pytest.raises(EmbeddedError, match="belongs to somebody else"), services(data_dir, durable=False):
        pass


def test_documented_backup_can_be_restored(data_dir: Path) -> None:
    prepare = f'export QUERENT_DATA_DIR={data_dir}; eval "$({sys.executable} -m config.embedded)"; '
    with services(data_dir, durable=False) as env:
        execute(env["DATABASE_URL"], "CREATE TABLE kept AS SELECT 7 AS n")
        for command in (
            f'pg_dump --format=custom --file={data_dir}/querent.dump "$DATABASE_URL"',
            'psql "$DATABASE_URL" -c "DROP TABLE kept"',
            f'pg_restore --clean --if-exists --no-owner --exit-on-error --dbname="$DATABASE_URL" {data_dir}/querent.dump',
            'test "$(redis-cli -s "$REDIS_SOCKET" ping)" = PONG',
        ):
            subprocess.run(["bash", "-euc", prepare + command], cwd=ROOT, check=True, capture_output=True)

        assert execute(env["DATABASE_URL"], "SELECT n FROM kept") == [(7,)]


@as_root
def test_other_users_cannot_connect(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    with services(data_dir, durable=False) as env:
        psql = postgres.programs_dir() / "psql"
        done = subprocess.run(
            [psql, env["DATABASE_URL"], "-c", "SELECT 1"],
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            cwd="/",
        )

    assert done.returncode == 2
    assert "Permission denied" in done.stderr


@as_root
def test_run_without_root(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    become: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)

    with serving(data_dir, python=python_open_to_all(become), **become) as process:
        owners = {found.username() for found in using(data_dir)}
        process.communicate("")

    assert owners == {"nobody"}
    assert process.returncode == 0


def python_open_to_all(become: dict[str, Any]) -> str:
    """This interpreter or, where it lies in root's home, the system's."""
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            found = "import sys; assert sys.version_info[:2] == " + repr(sys.version_info[:2])
            if subprocess.run([python, "-c", found], cwd=ROOT, capture_output=True, **become).returncode == 0:
                return python
    pytest.skip("there is no interpreter that other users may run")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="querent-elsewhere-"))
    path.chmod(0o755)
    monkeypatch.setattr(postgres, "_ELSEWHERE", path)
    yield path
    shutil.rmtree(path)


@as_root
def test_root_with_a_closed_directory_keeps_the_cluster_where_postgres_can_reach_it(
    data_dir: Path, elsewhere: Path
) -> None:
    data_dir.chmod(0o700)
    for _ in range(2):
        with services(data_dir, durable=False) as env:
            assert execute(env["DATABASE_URL"], "SELECT 1") == [(1,)]

    assert (data_dir / "postgres").resolve().parent == elsewhere
    assert (data_dir.stat().st_mode & 0o777) == 0o700


@as_root
def test_root_with_a_closed_environment_runs_a_copy_of_the_programs(
    data_dir: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach = postgres.can_reach
    monkeypatch.setattr(
        postgres, "can_reach", lambda who, path: "site-packages" not in str(path) and reach(who, path)
    )
    with services(data_dir, durable=False) as env:
        assert execute(env["DATABASE_URL"], "SELECT 1") == [(1,)]
        assert str(elsewhere) in " ".join(using(data_dir / "postgres")[0].cmdline())
