"""The one table of permissions: every route, socket event and document of this project reads it."""

from collections.abc import Collection
from enum import IntEnum
from typing import Literal, NamedTuple

from lib.errors import Forbidden, InsufficientScope, NotFound

Grant = Literal["none", "read", "write", "account"]


class Level(IntEnum):
    """What a caller is, from least to most; the last three are the roles that members hold."""

    ANYONE = 0
    ACCOUNT = 1
    VIEWER = 2
    COLLABORATOR = 3
    OWNER = 4


ROLES = {level.name.lower(): level for level in (Level.VIEWER, Level.COLLABORATOR, Level.OWNER)}


class Permission(NamedTuple):
    """What one action needs: the kind of thing it is done to, and the least level that may.

    `grant` is the scope that a personal access token needs for it: `read` or `write`; `account` is
    what no token ever has, because whoever finds one must not get hold of the account with it.
    An `exclusive` one takes things or members away: others' writes to the same thing wait for it.
    A `deleted` one is also for things in the trash, which nobody but their owners sees.
    Of the writes, only those that are for the archive too may be done `in_archive`.
    """

    name: str
    scope: str
    least: Level
    grant: Grant
    exclusive: bool = False
    deleted: bool = False
    in_archive: bool = False


_TABLE = (
    # name, scope (what the role is looked up on), least level, tokens' scope, and what is special
    Permission("health.read", "none", Level.ANYONE, "none"),
    Permission("permission.list", "none", Level.ANYONE, "none"),
    Permission("permission.explain", "account", Level.ACCOUNT, "read"),
    Permission("account.register", "none", Level.ANYONE, "none"),
    Permission("session.create", "none", Level.ANYONE, "none"),
    Permission("session.refresh", "none", Level.ANYONE, "none"),
    Permission("session.end", "account", Level.ACCOUNT, "account", exclusive=True),
    Permission("session.list", "account", Level.ACCOUNT, "account"),
    Permission("session.revoke", "account", Level.ACCOUNT, "account", exclusive=True),
    Permission("account.update", "account", Level.ACCOUNT, "write"),
    Permission("account.delete", "account", Level.ACCOUNT, "account", exclusive=True),
    Permission("password.change", "account", Level.ACCOUNT, "account", exclusive=True),
    Permission("password.forgot", "none", Level.ANYONE, "none"),
    Permission("password.reset", "none", Level.ANYONE, "none"),
    Permission("email.verify", "none", Level.ANYONE, "none"),
    Permission("email.resend", "account", Level.ACCOUNT, "account"),
    Permission("token.list", "account", Level.ACCOUNT, "account"),
    Permission("token.create", "account", Level.ACCOUNT, "account", exclusive=True),
    Permission("token.read", "account", Level.ACCOUNT, "account"),
    Permission("token.revoke", "account", Level.ACCOUNT, "account", exclusive=True),
    Permission("account.read", "account", Level.ACCOUNT, "read"),
    Permission("account.activity", "account", Level.ACCOUNT, "read"),
    Permission("invitation.preview", "none", Level.ANYONE, "none"),
    Permission("invitation.register", "none", Level.ANYONE, "none"),
    Permission("invitation.accept", "account", Level.ACCOUNT, "write"),
    Permission("workspace.create", "account", Level.ACCOUNT, "write"),
    Permission("workspace.list", "account", Level.ACCOUNT, "read"),
    Permission("workspace.read", "workspace", Level.VIEWER, "read"),
    Permission("workspace.update", "workspace", Level.OWNER, "write"),
    Permission(
        "workspace.archive", "workspace", Level.OWNER, "write", exclusive=True, in_archive=True
    ),
    Permission(
        "workspace.delete", "workspace", Level.OWNER, "write", exclusive=True, in_archive=True
    ),
    Permission("workspace.transfer", "workspace", Level.OWNER, "write", exclusive=True),
    Permission("workspace.audit", "workspace", Level.OWNER, "read"),
    Permission("audit.summary", "workspace", Level.OWNER, "read"),
    Permission("audit.export", "workspace", Level.OWNER, "read"),
    Permission("audit.timeline", "workspace", Level.OWNER, "read"),
    Permission("audit.verify", "workspace", Level.OWNER, "read"),
    Permission("audit.read-retention", "workspace", Level.OWNER, "read"),
    Permission("audit.set-retention", "workspace", Level.OWNER, "write"),
    Permission("report.create", "workspace", Level.OWNER, "write"),
    Permission("report.list", "workspace", Level.OWNER, "read"),
    Permission("workspace-schedule.list", "workspace", Level.OWNER, "read"),
    Permission("workspace-schedule.create", "workspace", Level.OWNER, "write"),
    Permission("workspace-schedule.read", "workspace", Level.OWNER, "read"),
    Permission("workspace-schedule.update", "workspace", Level.OWNER, "write"),
    Permission("workspace-schedule.delete", "workspace", Level.OWNER, "write"),
    Permission("member.list", "workspace", Level.VIEWER, "read"),
    Permission("member.add", "workspace", Level.OWNER, "write", exclusive=True),
    Permission("member.update", "workspace", Level.OWNER, "write", exclusive=True),
    Permission("member.remove", "workspace", Level.OWNER, "write", exclusive=True, in_archive=True),
    Permission("member.leave", "workspace", Level.VIEWER, "write", exclusive=True, in_archive=True),
    Permission("invitation.create", "workspace", Level.OWNER, "write"),
    Permission("invitation.list", "workspace", Level.OWNER, "read"),
    Permission("invitation.resend", "workspace", Level.OWNER, "write"),
    Permission(
        "invitation.revoke", "workspace", Level.OWNER, "write", exclusive=True, in_archive=True
    ),
    Permission("webhook.list", "workspace", Level.OWNER, "read"),
    Permission("webhook.create", "workspace", Level.OWNER, "write", exclusive=True),
    Permission("webhook.update", "workspace", Level.OWNER, "write"),
    Permission(
        "webhook.delete", "workspace", Level.OWNER, "write", exclusive=True, in_archive=True
    ),
    Permission("webhook.rotate", "workspace", Level.OWNER, "write"),
    Permission("webhook.deliveries", "workspace", Level.OWNER, "read"),
    Permission("webhook.ping", "workspace", Level.OWNER, "write"),
    Permission("webhook.redeliver", "workspace", Level.OWNER, "write"),
    Permission("project.create", "workspace", Level.COLLABORATOR, "write"),
    Permission("project.list", "workspace", Level.VIEWER, "read"),
    Permission("project.list-all", "account", Level.ACCOUNT, "read"),
    Permission("project.read", "project", Level.VIEWER, "read"),
    Permission("project.update", "project", Level.COLLABORATOR, "write"),
    Permission("project.delete", "project", Level.OWNER, "write", exclusive=True),
    Permission("project.restore", "project", Level.OWNER, "write", exclusive=True, deleted=True),
    Permission("project.purge", "project", Level.OWNER, "write", exclusive=True, deleted=True),
    Permission("project.activity", "project", Level.VIEWER, "read"),
    Permission("project-member.list", "project", Level.VIEWER, "read"),
    Permission("project-member.add", "project", Level.OWNER, "write", exclusive=True),
    Permission("project-member.update", "project", Level.OWNER, "write", exclusive=True),
    Permission(
        "project-member.remove", "project", Level.OWNER, "write", exclusive=True, in_archive=True
    ),
    Permission(
        "project-member.leave", "project", Level.VIEWER, "write", exclusive=True, in_archive=True
    ),
    Permission("room.join", "project", Level.VIEWER, "read", in_archive=True),
    Permission("room.presence", "project", Level.VIEWER, "read"),
    Permission("room.statistics", "project", Level.OWNER, "read"),
    Permission("cursor.update", "project", Level.VIEWER, "read"),
    Permission("file.list", "project", Level.VIEWER, "read"),
    Permission("file.create", "project", Level.COLLABORATOR, "write"),
    Permission("file.read", "file", Level.VIEWER, "read"),
    Permission("file.update", "file", Level.COLLABORATOR, "write"),
    Permission("file.delete", "file", Level.COLLABORATOR, "write", exclusive=True),
    Permission("upload.create", "project", Level.COLLABORATOR, "write"),
    Permission("upload.list", "project", Level.COLLABORATOR, "read"),
    Permission("upload.read", "project", Level.COLLABORATOR, "read"),
    Permission("upload.extend", "project", Level.COLLABORATOR, "write"),
    Permission("upload.delete", "project", Level.COLLABORATOR, "write"),
    Permission("job.submit", "project", Level.COLLABORATOR, "write"),
    Permission("schedule.list", "project", Level.VIEWER, "read"),
    Permission("schedule.create", "project", Level.OWNER, "write"),
    Permission("schedule.read", "project", Level.VIEWER, "read"),
    Permission("schedule.update", "project", Level.OWNER, "write"),
    Permission("schedule.delete", "project", Level.OWNER, "write"),
    Permission("job.list", "project", Level.VIEWER, "read"),
    Permission("job.read", "job", Level.VIEWER, "read"),
    Permission("job.attempts", "job", Level.VIEWER, "read"),
    Permission("job.logs", "job", Level.VIEWER, "read"),
    Permission("job.cancel", "job", Level.COLLABORATOR, "write"),
    Permission("job.retry", "job", Level.COLLABORATOR, "write"),
    Permission("job.cancel-many", "project", Level.COLLABORATOR, "write"),
    Permission("job.retry-many", "project", Level.COLLABORATOR, "write"),
    Permission("job.pause", "project", Level.OWNER, "write"),
    Permission("job.purge", "project", Level.OWNER, "write"),
)

PERMISSIONS = {permission.name: permission for permission in _TABLE}


def allows(permission: str, role: str | None) -> bool:
    """Return whether a member with `role` (None: no member) may do what `permission` names."""
    least = PERMISSIONS[permission].least
    return (ROLES[role] if role else Level.ACCOUNT) >= least


def require(permission: str, role: str | None) -> None:
    """Let a caller with `role` on the thing at hand pass, or say why not.

    Raises NotFound for a stranger (to whom the thing does not exist), Forbidden for a member whose
    role is too weak.
    """
    if allows(permission, role):
        return
    if role is None:
        raise NotFound()
    least = PERMISSIONS[permission].least.name.lower()
    raise Forbidden(
        f"This needs the role {least}; yours is {role}.", required_role=least, role=role
    )


def require_scope(permission: str, scopes: Collection[str] | None) -> None:
    """Let a caller pass who came with a personal token of these scopes, or (None) without one.

    Raises InsufficientScope.
    """
    grant = PERMISSIONS[permission].grant
    if scopes is None or grant in scopes:
        return
    detail = (
        "No personal access token may do this; log in."
        if grant == "account"
        else f"This needs a token with the scope {grant}."
    )
    raise InsufficientScope(detail, required_scope=grant)
