"""Invitations as owners see them: by mail to one address, or as a link for several people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access import links
from lib.access.caller import Access
from lib.access.throttles import Limit
from lib.accounts import accounts
from lib.audit import events
from lib.config import settings
from lib.errors import Conflict, Gone, NotFound
from lib.ids import new_id
from lib.mail import mail, texts
from lib.workspaces import invitation_queries as queries
from lib.workspaces import queries as workspace_queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

PURPOSE = "invitation"  # of the token, and the name of the mail
INVITING = Limit("invite", 100, 3600)  # invitations that one person makes
RESENDING = Limit("invitation-resend", 20, 3600)  # mails sent anew by one person


class Revoked(Gone):
    """Somebody took the invitation back, or its inviter is an owner no more."""

    type, title = "invitation-revoked", "This invitation was taken back"


class Expired(Gone):
    """The invitation is too old."""

    type, title = "invitation-expired", "This invitation has expired"


class UsedUp(Gone):
    """The invitation was used as often as it may be."""

    type, title = "invitation-used-up", "This invitation has been used"


OVER = (Revoked, Expired, UsedUp)


def create(
    access: Access, *, role: str, expires_in: int, max_uses: int, email: str | None = None
) -> dict[str, Any]:
    """Invite the person with an address, by mail, or whoever has the link.

    Only a link comes with its token: that of a mail proves whose address it is, and so nobody but
    the addressee gets it. Raises Conflict for the address of a member, or one invited already.
    """
    conn, invitation_id = access.conn, new_id()
    if email:
        _refuse_member(access, email)
        queries.revoke_expired(conn, access.id, email)
    given = {"email": email, "role": role, "expires_in": expires_in, "max_uses": max_uses}
    ours = {"id": invitation_id, "workspace_id": access.id, "invited_by": access.caller.user_id}
    if not queries.insert(conn, given | ours):
        raise Conflict("This address is invited already; send it again, or take it back first.")
    invitation = read(access, invitation_id)
    _record(access, "invitation.created", invitation)
    if email:
        return invitation | {"token": None, "link": None} | _send(access, invitation)
    return invitation | _link(invitation_id)


def read(access: Access, invitation_id: UUID) -> dict[str, Any]:
    """Return one invitation into the workspace; raises NotFound when there is no such one."""
    invitation = queries.by_id(access.conn, invitation_id)
    if invitation is None or invitation["workspace_id"] != access.id:
        raise NotFound()
    return invitation


def of_workspace(
    access: Access, *, state: str, cursor: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List the invitations, oldest first; one more than `limit` when there are more."""
    wanted = None if state == "all" else state
    return queries.of_workspace(access.conn, access.id, state=wanted, after=cursor, limit=limit + 1)


def revoke(access: Access, invitation_id: UUID) -> None:
    """Take an invitation back; one that has been used, or taken back before, stays as it is."""
    invitation = read(access, invitation_id)
    if invitation["state"] in ("pending", "expired"):
        queries.revoke(access.conn, invitation_id)
        _record(access, "invitation.revoked", invitation)


def withdraw(access: Access, inviter_id: UUID) -> None:
    """End all open invitations of somebody who is an owner no more.

    What they may not do any more must not go on in their name.
    """
    for invitation in queries.revoke_of(access.conn, access.id, inviter_id):
        _record(access, "invitation.revoked", invitation)


def resend(access: Access, invitation_id: UUID) -> dict[str, Any]:
    """Send an invitation's mail again, in the caller's name; it lasts as long as a new one.

    Raises Gone for one that was used or taken back, Conflict for a link, which was never mailed.
    """
    invitation = read(access, invitation_id)
    if invitation["email"] is None:
        raise Conflict("This is a link, which nobody was sent; make a new one.")
    if invitation["state"] != "expired":
        require_open(invitation)
    queries.renew(access.conn, invitation_id, access.caller.user_id)
    _send(access, invitation)
    _record(access, "invitation.resent", invitation)
    return read(access, invitation_id)


def require_open(invitation: dict[str, Any]) -> None:
    """Raise Revoked, Expired or UsedUp for an invitation that can't be accepted any more."""
    gone = {"revoked": Revoked, "expired": Expired, "used": UsedUp}.get(invitation["state"])
    if gone:
        raise gone()


def expire(conn: Connection, limit: int) -> int:
    """Delete up to `limit` invitations that ended a while ago; return how many."""
    return queries.delete_ended(conn, limit)


def _refuse_member(access: Access, email: str) -> None:
    user_id = accounts.id_by_email(access.conn, email)
    if user_id and workspace_queries.member(access.conn, access.id, user_id):
        raise Conflict("This person is a member already; change their role instead.")


def _send(access: Access, invitation: dict[str, Any]) -> dict[str, Any]:
    mail.send(
        access.conn,
        to=invitation["email"],
        template="invitation",
        values={
            "inviter": access.caller.name,
            "workspace": invitation["workspace_name"],
            "role": invitation["role"],
        },
        link=(PURPOSE, invitation["id"]),
        request_id=access.caller.origin.request_id,
    )
    return {}


def _link(invitation_id: UUID) -> dict[str, Any]:
    token = links.token(PURPOSE, invitation_id)
    return {
        "token": token,
        "link": texts.link_to("invitation", token) if settings().app_url else None,
    }


def _record(access: Access, action: str, invitation: dict[str, Any]) -> None:
    events.record(
        access.conn,
        action,
        access.caller,
        target=("invitation", invitation["id"]),
        workspace_id=access.id,
        details={name: invitation[name] for name in ("email", "role", "max_uses")},
    )
