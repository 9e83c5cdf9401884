"""/api/v1/permissions/explain: why the caller may or may not do a thing."""

from typing import Any

from lib.access import explanation
from lib.access.caller import Access
from lib.access.schemas import ExplainQuery, ExplanationOut
from lib.http import function, permits, query, returns

app = function(__name__)


@app.get("/api/v1/permissions/explain")
@permits("permission.explain")
@query(ExplainQuery)
@returns(ExplanationOut)
def explain(access: Access, wanted: dict[str, Any]) -> dict[str, Any]:
    """Say whether the caller may do something to a thing, and why."""
    return explanation.explain(access, **wanted)
