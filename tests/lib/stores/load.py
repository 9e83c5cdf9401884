"""Many who read and write in one project, and remember what they were told."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

THREADS = 8


class Load:
    """Readers and writers in a project; what they were told is kept."""

    def __init__(self, team):
        self._team = team
        self._files = f"/projects/{team.project['id']}/files"
        self.stop = Event()
        self.statuses = Counter()
        self.unexplained = []  # answers that say no, and not when to come back
        self.kept = set()  # paths of files that are there, as their authors were told
        self._pool = ThreadPoolExecutor(THREADS)
        self._running = [self._pool.submit(self._run, number) for number in range(THREADS)]

    def finish(self):
        """Have everybody stop, and wait for the last answers: only then is `kept` complete."""
        self.stop.set()
        self._pool.shutdown()
        for each in self._running:
            each.result()

    def _run(self, number):
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
