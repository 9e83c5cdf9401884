"""The table of permissions as people read it: whole, or one decision with its reason."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from lib.access import lookups
from lib.access.caller import Access
from lib.access.permissions import PERMISSIONS, Level, Permission
from lib.errors import AppError, Forbidden, Invalid, NotFound, mistake

UNSEEN = "There is no such {scope}, or you are no member of it."


def table() -> dict[str, Any]:
    """Return every row of the table, and the levels from least to most."""
    rows = [
        {
            "name": rule.name,
            "scope": rule.scope,
            "least": _name(rule.least),
            "grant": rule.grant,
        }
        for rule in PERMISSIONS.values()
    ]
    return {"levels": [_name(level) for level in Level], "permissions": rows}


def explain(access: Access, *, permission: str, target_id: UUID | None) -> dict[str, Any]:
    """Return whether the caller may do `permission` to a thing, with their role on it and why.

    It is decided as a route decides it. Raises Invalid when the thing is missing, or not needed.
    """
    rule = PERMISSIONS[permission]
    _check_target(rule, target_id)
    if target_id is None:
        return _told(
            rule, None, "Everybody who is logged in may." if rule.least else "Anybody may."
        )
    try:
        found = lookups.again(access, permission, target_id)
    except NotFound:
        return _told(rule, None, UNSEEN.format(scope=rule.scope), allowed=False)
    except Forbidden as error:
        return _told(rule, error.extra["role"], error.detail, allowed=False)
    except AppError as error:  # what is there does not allow it now, whoever asks
        return _told(rule, None, error.detail or error.title, allowed=False)
    return _told(rule, found.role, f"Your role on this {rule.scope} is {found.role}.")


def _check_target(rule: Permission, target_id: UUID | None) -> None:
    needed = rule.least > Level.ACCOUNT
    if needed and target_id is None:
        raise Invalid(mistake("/target_id", f"Give the id of a {rule.scope}."))
    if not needed and target_id is not None:
        raise Invalid(mistake("/target_id", "This is not done to anything that has an id."))


def _told(
    rule: Permission, role: str | None, reason: str, *, allowed: bool = True
) -> dict[str, Any]:
    decision = {"allowed": allowed, "role": role, "least": _name(rule.least), "reason": reason}
    return {"permission": rule.name, "scope": rule.scope} | decision


def _name(level: Level) -> str:
    return level.name.lower()
