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
    """What one action needs: the kind of thing it is done to, and the least level that may."""

    name: str
    scope: str
    least: Level


_TABLE: tuple[tuple[str, str, Level], ...] = (
    # name, scope (what the role is looked up on), least level
    ("health.read", "none", Level.ANYONE),
    ("account.register", "none", Level.ANYONE),
    ("session.create", "none", Level.ANYONE),
    ("session.refresh", "none", Level.ANYONE),
    ("session.end", "account", Level.ACCOUNT),
    ("account.read", "account", Level.ACCOUNT),
    ("account.activity", "account", Level.ACCOUNT),
    ("workspace.create", "account", Level.ACCOUNT),
    ("workspace.list", "account", Level.ACCOUNT),
    ("workspace.read", "workspace", Level.VIEWER),
    ("workspace.update", "workspace", Level.OWNER),
    ("workspace.delete", "workspace", Level.OWNER),
    ("workspace.audit", "workspace", Level.OWNER),
    ("member.list", "workspace", Level.VIEWER),
    ("member.add", "workspace", Level.OWNER),
    ("member.update", "workspace", Level.OWNER),
    ("member.remove", "workspace", Level.OWNER),
    ("project.create", "workspace", Level.COLLABORATOR),
    ("project.list", "workspace", Level.VIEWER),
    ("project.read", "project", Level.VIEWER),
    ("project.update", "project", Level.COLLABORATOR),
    ("project.delete", "project", Level.OWNER),
    ("room.join", "project", Level.VIEWER),
    ("room.presence", "project", Level.VIEWER),
    ("cursor.update", "project", Level.VIEWER),
    ("file.list", "project", Level.VIEWER),
    ("file.create", "project", Level.COLLABORATOR),
    ("file.read", "file", Level.VIEWER),
    ("file.update", "file", Level.COLLABORATOR),
    ("file.delete", "file", Level.COLLABORATOR),
    ("job.submit", "project", Level.COLLABORATOR),
    ("job.list", "project", Level.VIEWER),
    ("job.read", "job", Level.VIEWER),
)

PERMISSIONS: dict[str, Permission] = {row[0]: Permission(*row) for row in _TABLE}


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
    raise Forbidden(f"This needs the role {least}; yours is {role}.", required_role=least)
