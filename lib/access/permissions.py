"""The one table of permissions: every route, socket event and document of this project reads it."""

from dataclasses import dataclass
from enum import IntEnum

from lib.errors import Forbidden, NotFound


class Level(IntEnum):
    """What a caller is, from least to most; the last three are the roles that members hold."""

    ANYONE = 0
    ACCOUNT = 1
    VIEWER = 2
    COLLABORATOR = 3
    OWNER = 4


ROLES = {level.name.lower(): level for level in (Level.VIEWER, Level.COLLABORATOR, Level.OWNER)}


@dataclass(frozen=True, slots=True)
class Permission:
    """What one action needs: the kind of thing it is done to, and the least level that may.

    An `exclusive` one takes things or members away: others' writes to the same thing wait for it.
    A `deleted` one is also for things in the trash, which nobody but their owners sees.
    Of the writes, only those that are for the archive too may be done `in_archive`.
    """

    name: str
    scope: str
    least: Level
    exclusive: bool = False
    deleted: bool = False
    in_archive: bool = False


_TABLE = (
    # name, scope (what the role is looked up on), least level, exclusive, deleted, in_archive
    Permission("health.read", "none", Level.ANYONE),
    Permission("permission.list", "none", Level.ANYONE),
    Permission("permission.explain", "account", Level.ACCOUNT),
    Permission("account.register", "none", Level.ANYONE),
    Permission("session.create", "none", Level.ANYONE),
    Permission("session.refresh", "none", Level.ANYONE),
    Permission("session.end", "account", Level.ACCOUNT, exclusive=True),
    Permission("account.read", "account", Level.ACCOUNT),
    Permission("account.activity", "account", Level.ACCOUNT),
    Permission("invitation.preview", "none", Level.ANYONE),
    Permission("invitation.register", "none", Level.ANYONE),
    Permission("invitation.accept", "account", Level.ACCOUNT),
    Permission("workspace.create", "account", Level.ACCOUNT),
    Permission("workspace.list", "account", Level.ACCOUNT),
    Permission("workspace.read", "workspace", Level.VIEWER),
    Permission("workspace.update", "workspace", Level.OWNER),
    Permission("workspace.archive", "workspace", Level.OWNER, exclusive=True, in_archive=True),
    Permission("workspace.delete", "workspace", Level.OWNER, exclusive=True, in_archive=True),
    Permission("workspace.transfer", "workspace", Level.OWNER, exclusive=True),
    Permission("workspace.audit", "workspace", Level.OWNER),
    Permission("member.list", "workspace", Level.VIEWER),
    Permission("member.add", "workspace", Level.OWNER, exclusive=True),
    Permission("member.update", "workspace", Level.OWNER, exclusive=True),
    Permission("member.remove", "workspace", Level.OWNER, exclusive=True, in_archive=True),
    Permission("member.leave", "workspace", Level.VIEWER, exclusive=True, in_archive=True),
    Permission("invitation.create", "workspace", Level.OWNER),
    Permission("invitation.list", "workspace", Level.OWNER),
    Permission("invitation.resend", "workspace", Level.OWNER),
    Permission("invitation.revoke", "workspace", Level.OWNER, exclusive=True, in_archive=True),
    Permission("project.create", "workspace", Level.COLLABORATOR),
    Permission("project.list", "workspace", Level.VIEWER),
    Permission("project.list-all", "account", Level.ACCOUNT),
    Permission("project.read", "project", Level.VIEWER),
    Permission("project.update", "project", Level.COLLABORATOR),
    Permission("project.delete", "project", Level.OWNER, exclusive=True),
    Permission("project.restore", "project", Level.OWNER, exclusive=True, deleted=True),
    Permission("project.purge", "project", Level.OWNER, exclusive=True, deleted=True),
    Permission("project.activity", "project", Level.VIEWER),
    Permission("project-member.list", "project", Level.VIEWER),
    Permission("project-member.add", "project", Level.OWNER, exclusive=True),
    Permission("project-member.update", "project", Level.OWNER, exclusive=True),
    Permission("project-member.remove", "project", Level.OWNER, exclusive=True, in_archive=True),
    Permission("project-member.leave", "project", Level.VIEWER, exclusive=True, in_archive=True),
    Permission("room.join", "project", Level.VIEWER, in_archive=True),
    Permission("room.presence", "project", Level.VIEWER),
    Permission("cursor.update", "project", Level.VIEWER),
    Permission("file.list", "project", Level.VIEWER),
    Permission("file.create", "project", Level.COLLABORATOR),
    Permission("file.read", "file", Level.VIEWER),
    Permission("file.update", "file", Level.COLLABORATOR),
    Permission("file.delete", "file", Level.COLLABORATOR, exclusive=True),
    Permission("job.submit", "project", Level.COLLABORATOR),
    Permission("job.list", "project", Level.VIEWER),
    Permission("job.read", "job", Level.VIEWER),
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
