"""/api/v1/files/{file_id}/content: replace a file's text; others' edits are kept."""

from typing import Any

from flask import Response

from lib.access.caller import Access
from lib.files import edits
from lib.files.schemas import ContentIn, ContentOut
from lib.http import accepts, function, permits, reply

app = function(__name__)


@app.put("/api/v1/files/<uuid:file_id>/content")
@permits("file.update")
@accepts(ContentIn)
def replace(access: Access, body: dict[str, Any]) -> Response:
    return reply(ContentOut, edits.replace(access, **body))
