"""A walk through all routes: valid bodies, real ids, and an order in which all is served."""

from uuid import uuid4

KIND = "test.matrix"
PASSWORD = "correct horse battery staple"

BODIES = {
    "account.register": {"email": "new@example.com", "name": "New", "password": "long enough"},
    "session.create": {"email": "new@example.com", "password": "long enough"},
    "session.refresh": {"refresh_token": "rt_unknown"},
    "invitation.register": {"token": "unknown", "name": "New", "password": "long enough"},
    "account.update": {"name": "Renamed"},
    "account.delete": {"password": PASSWORD},
    "password.change": {"current_password": PASSWORD, "new_password": PASSWORD},
    "password.forgot": {"email": "new@example.com"},
    "password.reset": {"token": "unknown", "password": PASSWORD},
    "email.verify": {"token": "unknown"},
    "token.create": {"name": "Script", "scopes": ["read"]},
    "workspace.create": {"name": "Another"},
    "workspace.update": {"name": "Renamed"},
    "project.create": {"name": "Another"},
    "project.update": {"name": "Renamed"},
    "file.create": {"path": "another.md"},
    "file.update": {"content": "changed"},
    "job.submit": {"kind": KIND, "payload": {}},
    "audit.set-retention": {"days": 90},
    "job.cancel-many": {"kind": "test.no-such"},
    "job.retry-many": {},
    "job.pause": {"kinds": [KIND]},
    "webhook.create": {"url": "https://hooks.example.com/another"},
    "webhook.update": {"description": "changed"},
    "webhook.rotate": {"keep_for": 60},
    "webhook.redeliver": {"since": "2026-01-01T00:00:00Z"},
    "report.create": {},
    "schedule.create": {"name": "Nightly", "kind": KIND, "cron": "0 3 * * *"},
    "schedule.update": {"name": "Renamed"},
    "workspace-schedule.create": {
        "name": "Weekly",
        "kind": "workspace.report",
        "cron": "0 6 * * MON",
    },
    "workspace-schedule.update": {"payload": {"days": 7}},
    "member.update": {"role": "viewer"},
    "project-member.update": {"role": "owner"},
}
QUERIES = {
    "permission.explain": "?permission=account.read",
    "audit.timeline": "?request_id=test-request",
    "upload.extend": "?part=2",
    "job.purge": "?finished_before=2020-01-01T00:00:00Z",
}
BYTES = {
    name: {"data": b"PK", "content_type": "application/zip"}
    for name in ("upload.create", "upload.extend")
}


def invitation(team):
    """A link into the workspace, for as many as like."""
    path = f"/workspaces/{team.workspace['id']}/invitations"
    made = team.owner.post(path, {"role": "viewer", "max_uses": 1000})
    assert made.status_code == 201, made.text
    mailed = team.owner.post(path, {"role": "viewer", "email": f"{uuid4().hex}@example.com"})
    assert mailed.status_code == 201, mailed.text
    return {"token": made.get_json()["token"], "invitation_id": mailed.get_json()["id"]}


def webhook(team):
    """A webhook with a delivery that waits, and a secret beside its newest one."""
    path = f"/workspaces/{team.workspace['id']}/webhooks"
    body = {"url": "https://hooks.example.com/team", "events": ["file.deleted"]}
    made = team.owner.post(path, body).get_json()
    ping = team.owner.post(f"{path}/{made['id']}/ping")
    assert ping.status_code == 202, ping.text
    rotated = team.owner.post(f"{path}/{made['id']}/secrets", {})
    assert rotated.status_code == 201, rotated.text
    return {
        "webhook_id": made["id"],
        "delivery_id": ping.get_json()["id"],
        "secret_id": made["secrets"][0]["id"],
    }


def upload(who, project_id):
    """The id of an upload of a project."""
    path = f"/projects/{project_id}/uploads"
    made = who.post(path, data=b"PK", content_type="application/zip")
    assert made.status_code == 201, made.text
    return made.get_json()["id"]


def schedules(team):
    """A schedule of a project, and one of the workspace."""
    ids = {}
    for name, place, noun in (
        ("schedule_id", f"/projects/{team.project['id']}", "schedule"),
        ("workspace_schedule_id", f"/workspaces/{team.workspace['id']}", "workspace-schedule"),
    ):
        made = team.owner.post(f"{place}/schedules", BODIES[f"{noun}.create"])
        assert made.status_code == 201, made.text
        ids[name] = made.get_json()["id"]
    return ids


def named(permission, ids):
    """The ids that a route with this permission means."""
    if permission.startswith("workspace-schedule."):
        return ids | {"schedule_id": ids["workspace_schedule_id"]}
    return ids


def own_ids(who):
    """Another session and a token of somebody."""
    log_in(who)
    log_in(who)
    sessions = who.get("/auth/sessions").get_json()["items"]
    other = next(each["id"] for each in sessions if not each["current"])
    return {"session_id": other, "token_id": make_token(who, ["read"])["id"]}


def log_in(who):
    answer = who.post("/auth/login", {"email": who.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    who.token = answer.get_json()["access_token"]


def make_token(who, scopes):
    answer = who.post("/me/tokens", {"name": "Script", "scopes": scopes})
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def call(route, who, ids):
    body = BODIES.get(route.permission)
    if route.permission in ("member.add", "project-member.add"):
        body = {"email": f"{uuid4().hex}@example.com", "role": "viewer"}
    if route.permission == "invitation.create":
        body = {"email": f"{uuid4().hex}@example.com", "role": "viewer"}
    if route.permission in ("invitation.preview", "invitation.accept"):
        body = {"token": ids["token"]}
    if route.permission in ("webhook.rotate", "webhook.redeliver") and not route.body_schema:
        body = None  # the other route with this permission takes one
    if route.permission == "workspace.transfer":
        body = {"user_id": ids["user_id"]}
    assert (body is not None) == (route.body_schema is not None), f"give {route} a valid body"
    path = route.url(**named(route.permission, ids)) + QUERIES.get(route.permission, "")
    return who.send(route.method, path, body, **BYTES.get(route.permission, {}))


def innermost_first(route):
    """What ends things, and so the right to the rest, comes last."""
    last = (
        "workspace.archive", "DELETE", "member.leave", "workspace.delete", "session.end",
        "session.revoke", "account.delete",
    )  # fmt: skip
    names = (route.method, route.permission, route.path.rpartition("/")[2])
    rank = max((last.index(name) + 1 for name in names if name in last), default=0)
    return rank, -route.path.count("/"), route.path
