"""/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}/ping: try whether deliveries arrive."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import function, limited, permits
from lib.http.creation import creates
from lib.webhooks import deliveries
from lib.webhooks.delivery_schemas import DeliveryDetailOut

app = function(__name__)

ONE = "/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}/deliveries/{id}"


@app.post("/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>/ping")
@permits("webhook.ping")
@limited(deliveries.PINGING)
@creates(DeliveryDetailOut, ONE, status=202, errors=(Conflict,))
def ping(access: Access, webhook_id: UUID) -> dict[str, Any]:
    """Send a webhook an event of the type `webhook.ping`; how it went is where Location says."""
    return deliveries.ping(access, webhook_id)
