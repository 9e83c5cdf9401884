"""/api/v1/health/live: the function runs."""

from flask import Response, jsonify

from lib.access.caller import Origin
from lib.http import function, public

app = function(__name__)


@app.get("/api/v1/health/live")
@public("health.read")
def live(_origin: Origin) -> Response:
    return jsonify(status="ok")
