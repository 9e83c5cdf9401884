"""/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}/deliveries: what a webhook was sent."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.http import function, permits
from lib.http.lists import lists
from lib.webhooks import deliveries
from lib.webhooks.delivery_schemas import DeliveryOut, DeliveryQuery

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>/deliveries")
@permits("webhook.deliveries")
@lists(DeliveryOut, DeliveryQuery)
def list_deliveries(
    access: Access, wanted: dict[str, Any], webhook_id: UUID
) -> list[dict[str, Any]]:
    """List what a webhook was sent in the last 30 days, and how it went, newest first."""
    return deliveries.of_endpoint(access.conn, access.id, webhook_id, **wanted)
