"""Who is asking: what a use case and the audit log need to know of a request's origin."""

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection


class Origin(NamedTuple):
    """Where a request came from: its id, the client's address and its user agent."""

    request_id: str
    address: str
    user_agent: str


class Person(NamedTuple):
    """Somebody on whose behalf something happens that no request of theirs is waiting for."""

    user_id: UUID
    email: str
    name: str


class Caller(NamedTuple):
    """A person, and where the request came from: in a session, or with a personal access token."""

    user_id: UUID
    session_id: UUID | None
    email: str
    name: str
    origin: Origin
    token_id: UUID | None = None


class Access(NamedTuple):
    """A caller who may do what the route is for: the connection, the role, and the thing itself.

    `target` is the row that the permission's scope names (a workspace, project, file or job), as
    the API shows it; for the scope `account` it is the caller's own account. `ends_in` is in how
    many seconds session or token ends by itself, unless it is renewed; None: never.
    """

    conn: "Connection"
    caller: Caller
    role: str | None
    target: dict[str, Any]
    ends_in: float | None = None

    @property
    def id(self) -> UUID:
        """The target's id."""
        return self.target["id"]

    @property
    def shown(self) -> dict[str, Any]:
        """The target together with the caller's role on it, as most resources are shown."""
        return self.target | {"role": self.role}
