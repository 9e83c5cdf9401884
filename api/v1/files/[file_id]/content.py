"""/api/v1/files/{file_id}/content: replace a file's text; others' edits are kept."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.files import edits
from lib.files.schemas import ContentIn, ContentOut
from lib.http import accepts, function, if_match, permits, returns

app = function(__name__)


@app.put("/api/v1/files/<uuid:file_id>/content")
@permits("file.update")
@if_match(ContentOut)
@accepts(ContentIn)
@returns(ContentOut, errors=(Conflict,))
def replace(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Replace a file's text, merged with what others wrote since `base`."""
    return edits.replace(access, **body)
