"""/api/v1/health/live: the function runs."""

from lib.access.caller import Origin
from lib.http import function, public, returns
from lib.stores.schemas import LiveOut

app = function(__name__)


@app.get("/api/v1/health/live")
@public("health.read")
@returns(LiveOut)
def live(_origin: Origin) -> dict[str, str]:
    """Answer, asking nobody else."""
    return {"status": "ok"}
