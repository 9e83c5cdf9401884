"""/api/v1/health/ready: which stores answer; 503 while Postgres does not."""

from typing import Any

from lib.access.caller import Origin
from lib.http import function, public, returns
from lib.stores import readiness
from lib.stores.schemas import ReadyOut

app = function(__name__)


@app.get("/api/v1/health/ready")
@public("health.read")
@returns(ReadyOut)
def ready(_origin: Origin) -> dict[str, Any]:
    """Say which stores answer; 503 while Postgres, which everything needs, does not."""
    return readiness.require("postgres")
