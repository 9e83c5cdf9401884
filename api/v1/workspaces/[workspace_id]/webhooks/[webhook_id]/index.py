"""/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}: read, change and delete a webhook."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.http import accepts, function, if_match, permits, returns
from lib.webhooks import endpoints
from lib.webhooks.schemas import WebhookChanges, WebhookOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>")
@permits("webhook.list")
@returns(WebhookOut)
def read(access: Access, webhook_id: UUID) -> dict[str, Any]:
    """Read a webhook; its secrets are not shown again."""
    return endpoints.read(access, webhook_id)


@app.patch("/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>")
@permits("webhook.update")
@if_match(WebhookOut, endpoints.held)
@accepts(WebhookChanges)
@returns(WebhookOut)
def update(access: Access, body: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """Change where a webhook leads, what it is sent, or whether; what waits for it is given up."""
    return endpoints.update(access, webhook_id, body)


@app.delete("/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>")
@permits("webhook.delete")
@if_match(WebhookOut, endpoints.held)
@returns()
def delete(access: Access, webhook_id: UUID) -> None:
    """Delete a webhook with its secrets and its log."""
    endpoints.delete(access, webhook_id)
