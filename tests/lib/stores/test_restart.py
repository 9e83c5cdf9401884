"""Postgres restarted while many read and write: 503 meanwhile, and nothing acknowledged is lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

THREADS = 8
SOME = 40  # requests that were answered well


class Load:
    """Readers and writers in a project; what they were told is kept."""

    def __init__(self, team):
        self._team = team
        self._files = f"/projects/{team.project['id']}/files"
        self.stop = Event()
        self.statuses = Counter()
        self.unexplained = []  # answers that say no, and not when to come back
        self.kept = set()  # paths of files that are there, as their authors were told

    def run(self, number):
        turn = 0
        while not self.stop.is_set():
            turn += 1
            self._note(self._team.viewer.get(self._files))
            path = f"{number}/{turn}.md"
            answer = self._note(self._team.owner.post(self._files, {"path": path}))
            if answer.status_code == 201:
                self.kept.add(path)

    def _note(self, answer):
        self.statuses[answer.status_code] += 1
        if answer.status_code == 503:
            if answer.headers.get("Retry-After") is None:
                self.unexplained.append(answer.text)
            self.stop.wait(0.05)  # a client that obeyed Retry-After would wait longer
        return answer

    def well(self):
        return self.statuses[200] + self.statuses[201]

    def found(self):
        path, found = f"{self._files}?limit=200", set()
        while path:
            answer = self._team.viewer.get(path)
            found |= {file["path"] for file in answer.get_json()["items"]}
            link = answer.headers.get("Link", "")
            path = link.partition(">")[0].removeprefix("<") if link else None
        return found


@pytest.fixture
def load(team):
    running = Load(team)
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(running.run, number) for number in range(THREADS)]
        yield running
        running.stop.set()
        for future in futures:
            future.result(30)


@pytest.mark.parametrize("how", ["stop", "kill_backends"])
def test_nothing_acknowledged_is_lost_and_service_resumes_by_itself(
    load, stack, eventually, request, how
):
    eventually(lambda: load.well() > SOME)
    if how == "stop":
        request.addfinalizer(stack.postgres.start)
        stack.postgres.stop()
        eventually(lambda: load.statuses[503] > THREADS, within=30)
        stack.postgres.start()
    else:
        terminate(stack)
    before = load.well()
    eventually(lambda: load.well() > before + SOME)
    load.stop.set()
    assert set(load.statuses) <= {200, 201, 503}
    assert not load.unexplained
    assert load.kept
    assert load.kept <= load.found()


def terminate(stack):
    import psycopg

    with psycopg.connect(stack.postgres.url) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND application_name = 'collab'"
        )
