"""/api/v1/workspaces/{workspace_id}/webhooks: where its events are sent; send elsewhere."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists
from lib.webhooks import endpoints
from lib.webhooks.schemas import WebhookIn, WebhookMadeOut, WebhookOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/webhooks")
@permits("webhook.list")
@lists(WebhookOut)
def list_webhooks(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List the webhooks of a workspace, oldest first."""
    return endpoints.of_workspace(access.conn, access.id, **paging)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/webhooks")
@permits("webhook.create")
@accepts(WebhookIn)
@creates(WebhookMadeOut, "/api/v1/workspaces/{workspace_id}/webhooks/{id}", errors=(Conflict,))
def create(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Have events sent to a URL; the secret that they are signed with is shown this once."""
    return endpoints.create(access, **body)
