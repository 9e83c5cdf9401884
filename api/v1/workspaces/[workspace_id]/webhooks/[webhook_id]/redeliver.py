"""/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}/redeliver: send again what failed."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, limited, permits, returns
from lib.webhooks import deliveries
from lib.webhooks.delivery_schemas import RedeliveryIn, RedeliveryOut

app = function(__name__)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>/redeliver")
@permits("webhook.redeliver")
@limited(deliveries.REDELIVERING)
@accepts(RedeliveryIn)
@returns(RedeliveryOut, status=202, errors=(Conflict,))
def redeliver_failed(access: Access, body: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """Begin all deliveries anew that failed, of events since a time: up to 1,000, the oldest."""
    return deliveries.redeliver_failed(access, webhook_id, **body)
