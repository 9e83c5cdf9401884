"""/api/v1/files/{file_id}: one file with its content, or its end."""

from flask import Response

from lib.access.caller import Access
from lib.files import files
from lib.files.schemas import ContentOut
from lib.http import function, no_content, permits, reply

app = function(__name__)


@app.get("/api/v1/files/<uuid:file_id>")
@permits("file.read")
def read(access: Access) -> Response:
    return reply(ContentOut, access.target)


@app.delete("/api/v1/files/<uuid:file_id>")
@permits("file.delete")
def delete(access: Access) -> Response:
    files.delete(access)
    return no_content()
