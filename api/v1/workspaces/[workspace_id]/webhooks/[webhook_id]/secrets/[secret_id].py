"""/api/v1/workspaces/{workspace_id}/webhooks/{webhook_id}/secrets/{secret_id}: end an old one."""

from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import function, permits, returns
from lib.webhooks import rotation

app = function(__name__)


@app.delete(
    "/api/v1/workspaces/<uuid:workspace_id>/webhooks/<uuid:webhook_id>/secrets/<uuid:secret_id>"
)
@permits("webhook.rotate")
@returns(errors=(Conflict,))
def remove(access: Access, webhook_id: UUID, secret_id: UUID) -> None:
    """Sign with an older secret no more, before its time is over."""
    rotation.remove(access, webhook_id, secret_id)
