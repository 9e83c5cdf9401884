"""An embedded server that speaks MongoDB's protocol: NX-27017, over SQLite.

It is experimental: everything stays inside the subset that tests/lib/audit holds it to. All logical
databases of one server share one set of collections.
"""

import importlib.util
import sys

from lib.emulator.ports import LOOPBACK
from lib.emulator.stores.server import Server, StoreError

PROGRAM = "from nx_27017.nx_27017 import main; main()"
JOURNAL_MODE = "WAL"


class MongoServer(Server):
    """NX-27017 on one SQLite file; it has no fast mode of its own."""

    name = "MongoDB"

    @property
    def url(self) -> str:
        """The address for a client."""
        return f"mongodb://{LOOPBACK}:{self.port}/"

    def _prepare(self) -> None:
        # A pid file that survived a kill may name a process that is now something else.
        (self.directory / "server.pid").unlink(missing_ok=True)

    def _argv(self) -> list[str]:
        if not importlib.util.find_spec("nx_27017"):
            raise StoreError(
                "The embedded MongoDB is not installed: run `make up`, or set MONGO_URI to a "
                "MongoDB of your own."
            )
        options = {
            "--host": LOOPBACK,
            "--port": str(self.port),
            "--db": str(self.directory / "logs.sqlite"),
            "--pid-file": str(self.directory / "server.pid"),
            "--log-file": str(self.log_path),
            "--journal-mode": JOURNAL_MODE,
        }
        return [sys.executable, "-c", PROGRAM, *(word for item in options.items() for word in item)]

    def _answers(self) -> bool:
        import pymongo

        client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
            self.url, serverSelectionTimeoutMS=1000
        )
        with client:
            return client.admin.command("ping")["ok"] == 1
