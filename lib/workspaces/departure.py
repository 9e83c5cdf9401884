"""Leaving for good: an account is deleted, and with it the workspaces that nobody else is in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.accounts import accounts, recovery
from lib.audit import events
from lib.bridge import rooms
from lib.errors import Conflict
from lib.projects import projects
from lib.workspaces import queries

Workspace = dict[str, Any]


class LastOwner(Conflict):
    """Others would be left without an owner; `workspaces` says where."""

    type, title = "last-owner", "Make somebody else an owner first"


def delete_account(access: Access, *, password: str) -> None:
    """Delete the caller's account: sessions, tokens, memberships, workspaces of theirs alone.

    What they did in others' workspaces stays, and so does the audit log. Raises Invalid when the
    password is not theirs, LastOwner while they are the last owner of a workspace that others
    are in, too.
    """
    recovery.confirm(access, password, "/password")
    accounts.end_everything(access)
    joined = _locked(access)
    stuck = [each for each in joined if each["others"] and each["last_owner"]]
    if stuck:
        named = [{"id": str(each["id"]), "name": each["name"]} for each in stuck]
        raise LastOwner(
            "You are the last owner of workspaces that others are in.", workspaces=named
        )
    for workspace in joined:
        _leave(access, workspace)
    accounts.delete(access)


def _locked(access: Access) -> list[Workspace]:
    """Return the caller's workspaces, held so that nobody joins or leaves before the commit."""
    queries.lock_of_member(access.conn, access.id)
    return queries.standing_of_member(access.conn, access.id)


def _leave(access: Access, workspace: Workspace) -> None:
    if workspace["others"]:
        queries.delete_member(access.conn, workspace["id"], access.id)
        _record(access, "member.left", ("account", access.id), workspace)
        gone = {"user_id": str(access.id), "role": None}
        for project_id in projects.ids_of_workspace(access.conn, workspace["id"]):
            rooms.announce(access.conn, project_id, rooms.MEMBER_UPDATED, gone)
    else:
        # Before it happens, as in workspaces.delete.
        _record(access, "workspace.deleted", ("workspace", workspace["id"]), workspace)
        queries.delete(access.conn, workspace["id"])


def _record(access: Access, action: str, target: tuple[str, UUID], workspace: Workspace) -> None:
    events.record(access.conn, action, access.caller, target=target, workspace_id=workspace["id"])
