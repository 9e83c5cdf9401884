"""What each route costs in round trips: to Postgres, and to Redis, which plain reads do without.

`pytest tests/api/test_round_trips.py -n0 -s` prints the table.
"""

from collections import Counter

import pytest

from lib.access.permissions import PERMISSIONS, Level
from lib.stores import redis
from lib.stores.connection import Connection
from tests.api.walk import call, innermost_first

# A read of one thing is one statement: session, role and row together. What takes two has to ask a
# second table for many rows, or for rows that are not the target of the permission.
MOST_FOR_A_READ = 2
ONE = {
    "account.read",
    "workspace.read",
    "project.read",
    "project.list",
    "project.list-all",
    "file.read",
    "job.read",
}
ENDS = {"workspace.transfer", "account.delete", "session.end", "session.revoke"}
IN_REDIS = {"room.presence", "room.statistics"}  # who is there is nowhere else


class Counting:
    """Redis as it is reached anyway, with a count of the calls."""

    def __init__(self, real, counts):
        self._real, self._counts = real, counts

    def execute(self, command):
        self._counts["redis"] += 1
        return self._real.execute(command)

    def pipeline(self, commands):
        self._counts["redis"] += 1
        return self._real.pipeline(commands)


@pytest.fixture
def counts(stack, monkeypatch):
    found = Counter()
    real = Connection.execute

    def execute(self, query, *args, **kwargs):
        found["sql"] += bool(query)  # a ping of a connection that has rested is no part of it
        return real(self, query, *args, **kwargs)

    monkeypatch.setattr(Connection, "execute", execute)
    monkeypatch.setattr(redis, "_transport", Counting(redis._current(), found))
    return found


def test_every_read_costs_what_it_should(route_methods, team, ids, counts):
    lines, seen = [], set()
    for route in sorted(route_methods, key=innermost_first):
        if PERMISSIONS[route.permission].least is Level.ANYONE or route.permission in ENDS:
            continue
        counts.clear()
        answer = call(route, team.owner, ids)
        lines.append(f"{counts['sql']:4} {counts['redis']:6}  {route.method:6} {route.path}")
        if route.method != "GET" or answer.status_code != 200:
            continue
        seen.add(route.permission)
        assert counts["sql"] <= (1 if route.permission in ONE else MOST_FOR_A_READ), lines[-1]
        assert bool(counts["redis"]) == (route.permission in IN_REDIS), lines[-1]
    print("\n sql  redis\n" + "\n".join(lines))
    assert seen >= ONE | IN_REDIS
