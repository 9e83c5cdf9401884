"""Registering an account."""

from lib.access.caller import Origin
from lib.accounts import passwords, queries
from lib.audit import events
from lib.ids import new_id
from lib.stores import postgres


def register(origin: Origin, *, email: str, name: str, password: str) -> dict[str, str]:
    """Create an account unless the address has one; return the e-mail and name as given.

    The answer, and the work done for it, are the same either way, so that nobody learns from this
    who has an account. An existing account is not changed.
    """
    password_hash = passwords.digest(password)
    user_id = new_id()
    with postgres.transaction() as conn:
        if queries.insert_user(conn, user_id, email, name, password_hash):
            events.record(
                conn, "account.registered", None, origin=origin, target=("account", user_id)
            )
    return {"email": email, "name": name}
