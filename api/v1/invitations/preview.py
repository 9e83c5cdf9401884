"""/api/v1/invitations/preview: what an invitation is to, for whoever holds its token."""

from typing import Any

from lib.access.caller import Origin
from lib.errors import NotFound
from lib.http import accepts, function, limited, public, returns
from lib.workspaces import acceptance
from lib.workspaces.acceptance_schemas import PreviewOut, TokenIn
from lib.workspaces.invitations import OVER

app = function(__name__)


@app.post("/api/v1/invitations/preview")
@public("invitation.preview")
@limited(acceptance.PREVIEWING)
@accepts(TokenIn)
@returns(PreviewOut, errors=(NotFound, *OVER))
def preview(_origin: Origin, body: dict[str, Any]) -> dict[str, Any]:
    """Say which workspace an invitation is to, from whom, and as what."""
    return acceptance.preview(**body)
