"""/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}/deliveries/{delivery_id}: one of them."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.http import function, permits, returns
from lib.webhooks import deliveries
from lib.webhooks.delivery_schemas import DeliveryDetailOut

app = function(__name__)

ONE = (
    "/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>"
    "/deliveries/<uuid:delivery_id>"
)


@app.get(ONE)
@permits("webhook.deliveries")
@returns(DeliveryDetailOut)
def read(access: Access, webhook_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    """Read what a webhook was sent of one event, with each attempt and what was answered."""
    return deliveries.read(access, webhook_id, delivery_id)
