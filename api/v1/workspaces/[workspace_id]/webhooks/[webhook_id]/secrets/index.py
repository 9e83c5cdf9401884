"""/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}/secrets: a new secret for a webhook."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, limited, permits
from lib.http.creation import creates
from lib.webhooks import rotation
from lib.webhooks.schemas import RotationIn, SecretMadeOut

app = function(__name__)

ONE = "/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}/secrets/{id}"


@app.post("/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>/secrets")
@permits("webhook.rotate")
@limited(rotation.ROTATING)
@accepts(RotationIn)
@creates(SecretMadeOut, ONE, errors=(Conflict,))
def rotate(access: Access, body: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """Sign with a new secret, shown this once, and for a while with those before it as well."""
    return rotation.rotate(access, webhook_id, **body)
