"""/api/v1/workspaces/{workspace_id}/audit/verify: whether the log is what was recorded."""

from typing import Any

from lib.access.caller import Access
from lib.audit import verification
from lib.audit.keeping_schemas import VerificationOut, VerifyQuery
from lib.http import function, permits, query, returns

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/audit/verify")
@permits("audit.verify", lets_go=True)
@query(VerifyQuery)
@returns(VerificationOut)
def verify(access: Access, wanted: dict[str, Any]) -> dict[str, Any]:
    """Verify a part of the log: that no event was changed, removed, inserted or moved."""
    return verification.verify(access.id, **wanted).shown()
