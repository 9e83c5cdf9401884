"""/api/v1/health/ready: which stores answer; 503 while Postgres does not."""

from flask import Response, jsonify

from lib.access.caller import Origin
from lib.http import function, public
from lib.stores import readiness

app = function(__name__)


@app.get("/api/v1/health/ready")
@public("health.read")
def ready(_origin: Origin) -> Response:
    stores = readiness.check()
    answer = jsonify(status="ok" if stores["postgres"] else "unavailable", stores=stores)
    answer.status_code = 200 if stores["postgres"] else 503
    return answer
