"""The one table of what is recorded: each action, what it means, and which details it carries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

AUTH_LOGS = "auth_logs"
PROJECT_ACTIONS = "project_actions"
JOB_EVENTS = "job_events"
COLLECTIONS = (AUTH_LOGS, PROJECT_ACTIONS, JOB_EVENTS)

ROLE_GIVEN = ("role", "was")
INVITED = ("email", "role", "max_uses")
OF_JOB = ("kind", "attempt", "error")
OF_SCHEDULE = ("name", "kind", "cron", "timezone", "enabled")


class Action(NamedTuple):
    """Something that may be recorded: `noun.verb`, what it means, and the details it may carry."""

    name: str
    meaning: str
    collection: str
    details: tuple[str, ...] = ()


_TABLE = (
    Action("account.registered", "An account was made.", AUTH_LOGS),
    Action("account.registered-again", "Somebody registered an address that has one.", AUTH_LOGS),
    Action("account.verification-sent", "A link to verify the address was mailed.", AUTH_LOGS),
    Action("account.verified", "The address was verified.", AUTH_LOGS),
    Action("account.updated", "The account got another name.", AUTH_LOGS, ("name", "was")),
    Action("account.reset-requested", "A link to set a new password was asked for.", AUTH_LOGS),
    Action("account.password-changed", "The password was changed.", AUTH_LOGS),
    Action("account.deleted", "The account was deleted.", AUTH_LOGS),
    Action("session.started", "Somebody logged in.", AUTH_LOGS),
    Action("session.refused", "A log-in was refused.", AUTH_LOGS, ("reason",)),
    Action("session.ended", "A session was ended.", AUTH_LOGS, ("reason",)),
    Action("session.reuse-detected", "A refresh token was used twice: a theft.", AUTH_LOGS),
    Action("token.created", "A personal access token was made.", AUTH_LOGS, ("name", "scopes")),
    Action("token.revoked", "A personal access token was revoked.", AUTH_LOGS, ("name",)),
    Action("workspace.created", "A workspace was made.", PROJECT_ACTIONS, ("name",)),
    Action("workspace.renamed", "It got another name.", PROJECT_ACTIONS, ("name", "was")),
    Action("workspace.archived", "It was put into the archive.", PROJECT_ACTIONS, ("name",)),
    Action("workspace.unarchived", "It was taken out again.", PROJECT_ACTIONS, ("name",)),
    Action("workspace.transferred", "It has another owner.", PROJECT_ACTIONS, ("was", "keeps")),
    Action(
        "workspace.retention-changed",
        "Its events are kept for so many days; null: as long as the installation says.",
        PROJECT_ACTIONS,
        ("days", "was"),
    ),
    Action("workspace.deleted", "It was deleted with all in it.", PROJECT_ACTIONS, ("name",)),
    Action("member.added", "Somebody became a member.", PROJECT_ACTIONS, ("email", "role")),
    Action("member.role-changed", "A member got another role.", PROJECT_ACTIONS, ROLE_GIVEN),
    Action("member.removed", "A member was removed.", PROJECT_ACTIONS, ("was",)),
    Action("member.left", "A member left.", PROJECT_ACTIONS, ("was",)),
    Action("invitation.created", "Somebody was invited.", PROJECT_ACTIONS, INVITED),
    Action("invitation.resent", "An invitation was mailed again.", PROJECT_ACTIONS, INVITED),
    Action("invitation.revoked", "An invitation was withdrawn.", PROJECT_ACTIONS, INVITED),
    Action(
        "invitation.accepted",
        "Somebody came in by invitation.",
        PROJECT_ACTIONS,
        ("role", "invited_by"),
    ),
    Action("project.created", "A project was made.", PROJECT_ACTIONS, ("name",)),
    Action("project.updated", "A project was changed.", PROJECT_ACTIONS, ("name", "description")),
    Action("project.deleted", "A project was put into the trash.", PROJECT_ACTIONS, ("name",)),
    Action("project.restored", "A project was taken out of it.", PROJECT_ACTIONS, ("name",)),
    Action("project.purged", "A project was deleted for good.", PROJECT_ACTIONS, ("name",)),
    Action(
        "project-member.added",
        "Somebody got a role on one project.",
        PROJECT_ACTIONS,
        ("email", "role"),
    ),
    Action("project-member.role-changed", "Another role on it.", PROJECT_ACTIONS, ROLE_GIVEN),
    Action("project-member.removed", "That role was taken.", PROJECT_ACTIONS, ("was",)),
    Action("project-member.left", "That role was given up.", PROJECT_ACTIONS, ("was",)),
    Action("file.created", "A file was made.", PROJECT_ACTIONS, ("path",)),
    Action("file.edited", "Somebody edited a file: once a sitting.", PROJECT_ACTIONS, ("path",)),
    Action("file.deleted", "A file was deleted.", PROJECT_ACTIONS, ("path",)),
    Action("webhook.created", "A webhook was made.", PROJECT_ACTIONS, ("origin", "events")),
    Action("webhook.updated", "A webhook was changed.", PROJECT_ACTIONS, ("origin", "changed")),
    Action("webhook.deleted", "A webhook was deleted.", PROJECT_ACTIONS, ("origin",)),
    Action("webhook.disabled", "We disabled a webhook.", PROJECT_ACTIONS, ("origin", "reason")),
    Action("webhook.pinged", "A webhook was tried.", PROJECT_ACTIONS, ("origin",)),
    Action(
        "webhook.redelivered",
        "Deliveries were begun anew: one, or so many.",
        PROJECT_ACTIONS,
        ("origin", "delivery_id", "deliveries"),
    ),
    Action(
        "webhook.secret-added",
        "A webhook got another secret; those before it hold for so many seconds.",
        PROJECT_ACTIONS,
        ("origin", "keep_for"),
    ),
    Action("webhook.secret-removed", "One of its secrets was ended.", PROJECT_ACTIONS, ("origin",)),
    Action("schedule.created", "A schedule was made.", PROJECT_ACTIONS, OF_SCHEDULE),
    Action(
        "schedule.changed", "A schedule was changed.", PROJECT_ACTIONS, (*OF_SCHEDULE, "changed")
    ),
    Action("schedule.stopped", "We stopped a schedule.", PROJECT_ACTIONS, ("name", "reason")),
    Action("schedule.deleted", "A schedule was deleted.", PROJECT_ACTIONS, OF_SCHEDULE),
    Action("job.submitted", "A job was submitted.", JOB_EVENTS, (*OF_JOB, "schedule_id")),
    Action("job.started", "A worker began an attempt.", JOB_EVENTS, (*OF_JOB, "worker")),
    Action("job.succeeded", "A job is done.", JOB_EVENTS, OF_JOB),
    Action("job.retrying", "An attempt failed; another follows.", JOB_EVENTS, OF_JOB),
    Action("job.failed", "A job failed for good.", JOB_EVENTS, OF_JOB),
    Action("job.released", "A worker gave it back; it begins anew.", JOB_EVENTS, OF_JOB),
    Action("job.cancel-requested", "One that runs was asked to stop.", JOB_EVENTS, OF_JOB),
    Action("job.cancelled", "A job was cancelled.", JOB_EVENTS, OF_JOB),
    Action("job.retried", "One that had ended was begun again by hand.", JOB_EVENTS, OF_JOB),
    Action("job.kind-paused", "In a project, jobs of a kind wait.", JOB_EVENTS, ("kind",)),
    Action("job.kind-resumed", "They go on.", JOB_EVENTS, ("kind",)),
    Action(
        "job.purged",
        "Old jobs of a project were deleted.",
        JOB_EVENTS,
        ("count", "finished_before"),
    ),
)

ACTIONS = {action.name: action for action in _TABLE}


def declared(name: str) -> Action:
    """Return what the table says of an action; raises ValueError for one that is not in it."""
    try:
        return ACTIONS[name]
    except KeyError:
        raise ValueError(f"Declare {name} in lib/audit/actions.py before it is recorded.") from None


def undeclared(name: str, details: Iterable[str]) -> list[str]:
    """Return which of these details the table does not know of an action."""
    return sorted(set(details) - set(declared(name).details))


def described() -> str:
    """Return the whole table as a description: every action with its meaning and its details."""
    return " ".join(_described(action) for action in _TABLE)


def _described(action: Action) -> str:
    carries = f" ({', '.join(action.details)})" if action.details else ""
    return f"`{action.name}`{carries}: {action.meaning}"
