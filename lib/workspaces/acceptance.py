"""Accepting an invitation, with an account or with a new one; a token shows who was invited.

Whoever accepts holds the workspace alone meanwhile: however many come at once, an invitation is
used as often as it may be, and never after it was taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lib.access import links, lookups
from lib.access.caller import Access, Caller, Origin, Person
from lib.access.throttles import Limit
from lib.accounts import invited, passwords
from lib.audit import events
from lib.errors import Archived, Conflict, Forbidden, NotFound
from lib.stores import postgres
from lib.workspaces import invitation_queries, queries, telling
from lib.workspaces.invitations import PURPOSE, require_open

if TYPE_CHECKING:
    from lib.stores.connection import Connection

PREVIEWING = Limit("invitation-preview", 60, 60)  # look-ups from one address
REGISTERING = Limit("invitation-register", 30, 300)  # accounts made from one address
ACCEPTING = Limit("invitation-accept", 30, 60)  # attempts of one person


class ForAnother(Forbidden):
    """The invitation was sent to another address than the caller's."""

    type, title = "invitation-for-another", "This invitation is for somebody else"


def preview(*, token: str) -> dict[str, Any]:
    """Say what an invitation is to; raises NotFound for no token of ours, Gone when it is over."""
    with postgres.connection() as conn:
        invitation = _find(conn, token)
    require_open(invitation)
    inviter, personal = invitation["invited_by"]["name"], invitation["email"] is not None
    return invitation | {"invited_by": inviter, "personal": personal}


def accept(access: Access, *, token: str) -> dict[str, Any]:
    """Make the caller a member, and return the workspace; a member keeps the role they have.

    Raises NotFound for no token of ours, ForAnother when it was sent to another address, Gone when
    it has ended, Archived.
    """
    conn, caller = access.conn, access.caller
    invitation = _hold(conn, token)
    if invitation["email"] not in (None, caller.email):
        raise ForAnother("It was sent to another address than your account's.")
    workspace_id = invitation["workspace_id"]
    if found := queries.for_member(conn, workspace_id, caller.user_id):
        return found
    _use(conn, invitation, caller, caller.origin)
    return queries.for_member(conn, workspace_id, caller.user_id) or {}


def register(origin: Origin, *, token: str, name: str, password: str) -> dict[str, Any]:
    """Create an account for the invited address, and make it a member, both or neither.

    The token came by mail: whoever has it reads that address. Raises NotFound for no token of ours,
    Gone when it has ended, Archived, Conflict for a link, or an address that has an account.
    """
    with postgres.connection() as conn:
        _personal(_find(conn, token))
    password_hash = passwords.digest(password)  # slow by design: nobody waits for it
    with postgres.transaction() as conn:
        invitation = _personal(_hold(conn, token))
        person = invited.create(conn, origin, invitation["email"], name, password_hash)
        if person is None:
            raise Conflict("This address has an account: log in, and accept the invitation.")
        _use(conn, invitation, person, origin)
    return {
        "user_id": person.user_id,
        "email": person.email,
        "name": person.name,
        "workspace_id": invitation["workspace_id"],
        "role": invitation["role"],
    }


def _find(conn: Connection, token: str) -> dict[str, Any]:
    invitation_id = links.read(PURPOSE, token)
    invitation = invitation_queries.by_id(conn, invitation_id) if invitation_id else None
    if invitation is None:
        raise NotFound("There is no such invitation.")
    return invitation


def _hold(conn: Connection, token: str) -> dict[str, Any]:
    lookups.hold_workspace(conn, _find(conn, token)["workspace_id"])
    return _find(conn, token)


def _personal(invitation: dict[str, Any]) -> dict[str, Any]:
    require_open(invitation)
    if invitation["email"] is None:
        raise Conflict("This is a link for anybody: register with your own address, then accept.")
    return invitation


def _use(
    conn: Connection, invitation: dict[str, Any], person: Caller | Person, origin: Origin
) -> None:
    require_open(invitation)
    if invitation["archived_at"]:
        raise Archived()
    workspace_id, role = invitation["workspace_id"], invitation["role"]
    queries.insert_member(conn, workspace_id, person.user_id, role)
    invitation_queries.count_use(conn, invitation["id"])
    events.record(
        conn,
        "invitation.accepted",
        person,
        target=("invitation", invitation["id"]),
        workspace_id=workspace_id,
        origin=origin,
        details={"role": role, "invited_by": invitation["invited_by"]["id"]},
    )
    telling.member_changed(conn, workspace_id, person.user_id)
