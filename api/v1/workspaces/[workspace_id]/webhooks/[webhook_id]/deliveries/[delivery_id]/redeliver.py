"""/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import function, limited, permits, returns
from lib.webhooks import deliveries
from lib.webhooks.delivery_schemas import DeliveryDetailOut

app = function(__name__)

ONE = (
    "/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>"
    "/deliveries/<uuid:delivery_id>/redeliver"
)


@app.post(ONE)
@permits("webhook.redeliver")
@limited(deliveries.REDELIVERING)
@returns(DeliveryDetailOut, status=202, errors=(Conflict,))
def redeliver(access: Access, webhook_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    """Begin a delivery anew, whatever became of it; the event's id stays the same."""
    return deliveries.redeliver(access, webhook_id, delivery_id)
