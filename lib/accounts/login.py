"""Logging in: the same answer, after the same work, whether there is such an account or not."""

from __future__ import annotations

from typing import Any, NoReturn

from lib.access.caller import Origin
from lib.access.throttles import Standing, TooMany
from lib.accounts import attempts, links, passwords, queries, sessions
from lib.audit import events
from lib.config import settings
from lib.errors import AppError, Unauthenticated
from lib.stores import postgres

User = dict[str, Any]


class EmailNotVerified(AppError):
    """The password is right; the link that was mailed has to be opened first."""

    status, type, title = 403, "email-not-verified", "Confirm your e-mail address first"


def log_in(origin: Origin, *, email: str, password: str) -> dict[str, Any]:
    """Start a session; return its tokens.

    Raises Unauthenticated, in the same words and after the same work, for an unknown address and
    for a wrong password; TooMany after ten failures, also for the right password, except from a
    device that the account was used on lately; EmailNotVerified.
    """
    standing = attempts.count(attempts.FAILURES, email)
    with postgres.connection() as conn:
        user = queries.credentials(conn, email, origin)
    # Beyond the limit the work is the same, too, or the time taken would tell known devices.
    right = passwords.matches(user["password_hash"] if user else None, password)
    if user is None or not right or not (standing.left >= 0 or user["known_device"]):
        _refuse(origin, user, standing)
    attempts.forgive(attempts.FAILURES, email)
    if settings().email_verification_required and not user["email_verified"]:
        _ask_to_verify(origin, user)
    return _start(origin, user, password)


def _start(origin: Origin, user: User, password: str) -> dict[str, Any]:
    outdated = passwords.outdated(user["password_hash"])
    renewed = passwords.digest(password) if outdated else None
    with postgres.transaction() as conn:
        if not queries.hold_password(conn, user["id"], user["password_version"]):
            raise _wrong()  # it was changed, or the account deleted, while we looked at it
        if renewed:
            queries.rehash(conn, user["id"], renewed)
        return sessions.start(conn, origin, user)


def _refuse(origin: Origin, user: User | None, standing: Standing) -> NoReturn:
    # An unknown address is not written down: people type passwords into the wrong field.
    reason = "wrong password" if standing.left >= 0 else "too many attempts"
    _record_refusal(origin, user, reason)
    raise _wrong() if standing.left >= 0 else TooMany(standing)


def _ask_to_verify(origin: Origin, user: User) -> NoReturn:
    if attempts.within(attempts.VERIFICATION_MAILS, user["email"]):
        with postgres.transaction() as conn:
            links.send(conn, origin, user["id"], user["email"], links.VERIFY_EMAIL)
    _record_refusal(origin, user, "email not verified")
    raise EmailNotVerified("Open the link in the mail that we have sent you.")


def _record_refusal(origin: Origin, user: User | None, reason: str) -> None:
    target = ("account", user["id"]) if user else ("account", "unknown")
    with postgres.transaction() as conn:
        events.record(
            conn,
            "session.refused",
            None,
            origin=origin,
            target=target,
            details={"reason": reason},
        )


def _wrong() -> Unauthenticated:
    return Unauthenticated("E-mail and password do not match.")
