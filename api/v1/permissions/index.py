"""/api/v1/permissions: the one table of permissions."""

from typing import Any

from lib.access import explanation
from lib.access.caller import Origin
from lib.access.schemas import TableOut
from lib.http import function, public, returns

app = function(__name__)


@app.get("/api/v1/permissions")
@public("permission.list")
@returns(TableOut)
def read(_origin: Origin) -> dict[str, Any]:
    """Show the table: every action, what it is done to, and the least role that may."""
    return explanation.table()
