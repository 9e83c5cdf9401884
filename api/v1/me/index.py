"""/api/v1/me: the caller's own account."""

from typing import Any

from lib.access.caller import Access
from lib.accounts import accounts
from lib.accounts.attempts import CONFIRMATIONS
from lib.accounts.schemas import AccountChanges, AccountDeletion, AccountOut
from lib.http import accepts, function, if_match, limited, permits, returns
from lib.workspaces import departure
from lib.workspaces.departure import LastOwner

app = function(__name__)


@app.get("/api/v1/me")
@permits("account.read")
@returns(AccountOut)
def read(access: Access) -> dict[str, Any]:
    """Read the caller's own account."""
    return access.target


@app.patch("/api/v1/me")
@permits("account.update")
@if_match(AccountOut)
@accepts(AccountChanges)
@returns(AccountOut)
def rename(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Give the caller another name."""
    return accounts.rename(access, **body)


@app.delete("/api/v1/me")
@permits("account.delete")
@limited(CONFIRMATIONS)
@if_match(AccountOut)
@accepts(AccountDeletion)
@returns(errors=(LastOwner,))
def delete(access: Access, body: dict[str, Any]) -> None:
    """Delete the caller's account, with the workspaces that nobody else is in."""
    departure.delete_account(access, **body)
