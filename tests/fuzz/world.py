"""The world that ids and secrets in a request stand for, and the callers who send it."""

from dataclasses import dataclass
from random import Random
from uuid import uuid4

from schemathesis.core.parameters import ParameterLocation as Place

from lib.access.permissions import PERMISSIONS, Level, allows
from lib.config import settings
from lib.jobs import artifacts
from lib.stores import postgres
from tests.api.walk import (
    KIND,
    PASSWORD,
    invitation,
    make_token,
    named,
    schedules,
    upload,
    webhook,
)  # fmt: skip
from tests.conftest import Team

REAL = 0.8  # of the requests name what is there, in every place
OWN = {"session_id", "token_id"}  # a person's own, nobody else's business


@dataclass(frozen=True)
class Caller:
    """Who asks: what they are here, their role in the workspace, and what they show for it."""

    name: str
    role: str | None
    token: str | None

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def may(self, rule, names):
        """Whether the table lets them do this to what the world has under these names."""
        if rule is None:
            return self.name == "timer"
        if self.name == "anonymous":
            return rule.least is Level.ANYONE
        if self.name == "reader" and rule.grant not in ("none", "read"):
            return False
        if rule.least <= Level.ACCOUNT:
            return self.role == "owner" or not OWN.intersection(names)
        return allows(rule.name, self.role)


class World:
    """A team with one thing of each sort; made anew once a part of it may have come to an end."""

    def __init__(self, person):
        self._person = person
        self._random = Random(1)
        self.renew()

    def renew(self):
        owner, viewer, newcomer = map(self._person, ("Olga", "Vera", "Nina"))
        team = new_team(owner, self._person("Carl"), viewer, self._person("Sam"))
        self.callers = callers(team)
        self.owner = self.callers[-1]
        self._ids = new_ids(team)
        self._trashed = self._ids | {"project_id": new_project(owner, team.workspace)["id"]}
        owner.delete(f"/projects/{self._trashed['project_id']}")
        self._values = {
            "email": newcomer.email,
            "password": PASSWORD,
            "current_password": PASSWORD,
            "refresh_token": newcomer.refresh_token,
            "token": self._ids["token"],
            "user_id": viewer.id,
            "kind": KIND,
            "kinds": [KIND],
            "max_attempts": 1,  # of that kind
            "url": "https://hooks.example.com/fuzz",
            "cron": "0 3 * * *",
            "timezone": "Europe/Berlin",
        } | dict.fromkeys(("base", "expires_at", "project_id", "run_at"))

    def chance(self):
        """Whether the next request is to name what is there, instead of anything."""
        return self._random.random() < REAL

    def asking(self, case):
        """Who is to send a request: everybody, or, among whom it makes no difference, anybody."""
        anonymous, stranger, reader, *members = self.callers
        if rule(case) is None:
            return [anonymous, self.owner, Caller("timer", None, settings().cron_secret)]
        if rule(case).least is Level.ANYONE:
            return [self._random.choice(self.callers)]
        if rule(case).least is Level.ACCOUNT:
            return [anonymous, reader, self._random.choice([stranger, *members])]
        return self.callers

    def fill(self, case):
        """Name what is there, in the path and elsewhere, but where a part is wrong on purpose."""
        ids = self._trashed if rule(case) and rule(case).deleted else self._ids
        ids = named(rule(case).name, ids) if rule(case) else ids
        if not case.meta.is_negative_at(Place.PATH):
            case.path_parameters.update({n: ids[n] for n in case.path_parameters if n in ids})
        self.fill_in(case)

    def fill_in(self, case):
        """Name what is there everywhere but in the path."""
        if isinstance(case.body, dict) and not case.meta.is_negative_at(Place.BODY):
            case.body = {n: self._values.get(n, value) for n, value in case.body.items()}
        if not case.meta.is_negative_at(Place.HEADER):
            now = {"If-Match": "*", "Idempotency-Key": uuid4().hex}
            case.headers.update({n: now[n] for n in case.headers if n in now})
        if "sort" in case.operation.query and not case.meta.is_negative_at(Place.QUERY):
            case.query.pop("cursor", None)  # one is of one list, in one order, with its filters

    def after(self, case):
        """Make the world anew, if a request that was granted may have ended a part of it."""
        if rule(case) and (rule(case).exclusive or rule(case).name == "invitation.accept"):
            self.renew()


def rule(case):
    """The row of the table of permissions that a request falls under; None for a cron."""
    return PERMISSIONS.get(case.operation.definition.raw.get("x-permission"))


def callers(team):
    """Everybody who asks, from least to most: what an owner does may leave nothing to others."""
    reader = make_token(team.owner, ["read"])["token"]
    members = [Caller(name, name, who.token) for name, who in team.by_role().items()]
    owner, collaborator, viewer = members[:3]
    outside = [Caller("anonymous", None, None), Caller("stranger", None, team.stranger.token)]
    return [*outside, Caller("reader", "owner", reader), viewer, collaborator, owner]


def new_team(owner, collaborator, viewer, stranger):
    workspace = owner.post("/workspaces", {"name": "Studio"}).get_json()
    for member, role in ((collaborator, "collaborator"), (viewer, "viewer")):
        body = {"email": member.email, "role": role}
        assert owner.post(f"/workspaces/{workspace['id']}/members", body).status_code == 201
    project = new_project(owner, workspace)
    body = {"path": "notes.md", "content": "hello"}
    file = owner.post(f"/projects/{project['id']}/files", body).get_json()
    return Team(owner, collaborator, viewer, stranger, workspace, project, file)


def new_project(owner, workspace):
    return owner.post(f"/workspaces/{workspace['id']}/projects", {"name": "Launch"}).get_json()


def new_ids(team):
    job = team.owner.post(f"/projects/{team.project['id']}/jobs", {"kind": KIND}).get_json()
    with postgres.connection() as conn:
        artifacts.keep(conn, job["id"], artifacts.make("a.txt", "text/plain", b"abc"))
    return (
        schedules(team)
        | invitation(team)
        | webhook(team)
        | {
            "workspace_id": team.workspace["id"],
            "project_id": team.project["id"],
            "file_id": team.file["id"],
            "job_id": job["id"],
            "upload_id": upload(team.owner, team.project["id"]),
            "user_id": team.viewer.id,
            "session_id": team.owner.get("/auth/sessions").get_json()["items"][0]["id"],
            "token_id": make_token(team.owner, ["read"])["id"],
        }
    )
