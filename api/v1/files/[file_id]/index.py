"""/api/v1/files/{file_id}: one file with its content, or its end."""

from typing import Any

from lib.access.caller import Access
from lib.files import files
from lib.files.schemas import ContentOut
from lib.http import function, if_match, permits, returns

app = function(__name__)


@app.get("/api/v1/files/<uuid:file_id>")
@permits("file.read")
@returns(ContentOut)
def read(access: Access) -> dict[str, Any]:
    """Read a file with its content."""
    return access.target


@app.delete("/api/v1/files/<uuid:file_id>")
@permits("file.delete")
@if_match(ContentOut)
@returns()
def delete(access: Access) -> None:
    """Delete a file with its history."""
    files.delete(access)
