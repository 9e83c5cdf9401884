"""The errors that a use case may raise; HTTP, socket and job each translate them in one place."""

from typing import Any


class AppError(Exception):
    """Something that the caller is told: a status, a stable type, a title and a sentence."""

    status = 500
    type = "internal-error"
    title = "Something went wrong on our side"
    retry_after: int | None = None  # seconds until trying again makes sense

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = extra

    def problem(self) -> dict[str, Any]:
        """Return the members of a problem document (RFC 9457), without the request's own."""
        body = {"type": f"/problems/{self.type}", "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        return body | self.extra


class BadRequest(AppError):
    """The request can't be read at all."""

    status, type, title = 400, "bad-request", "The request could not be read"


class Unauthenticated(AppError):
    """Nobody is logged in, or not any more."""

    status, type, title = 401, "unauthenticated", "Log in to do this"


class Forbidden(AppError):
    """The caller may see this, but not do that."""

    status, type, title = 403, "forbidden", "Your role does not allow this"


class InsufficientScope(AppError):
    """The personal access token does not reach that far, whatever its owner's role is."""

    status, type, title = 403, "insufficient-scope", "The token's scope does not allow this"


class NotFound(AppError):
    """It does not exist, or the caller may not know that it does."""

    status, type, title = 404, "not-found", "There is nothing here"


class Conflict(AppError):
    """The state of things does not allow it now."""

    status, type, title = 409, "conflict", "This conflicts with what is already there"


class Archived(Conflict):
    """The workspace is in the archive: what is in it can be read, not changed."""

    type, title = "archived", "This workspace is archived"

    def __init__(self) -> None:
        super().__init__(
            "The workspace can be read, not changed, until an owner takes it out of the archive."
        )


class Gone(AppError):
    """It was here, and is no use any more."""

    status, type, title = 410, "gone", "This is no longer valid"


class PreconditionFailed(AppError):
    """It is not the version any more that the caller means to change."""

    status, type, title = 412, "precondition-failed", "It has changed since you read it"


class TooLarge(AppError):
    """More than the limit, which the detail names."""

    status, type, title = 413, "too-large", "This is larger than allowed"


class WrongMediaType(AppError):
    """The body is not what this route takes; the detail says what it does."""

    status, type, title = 415, "unsupported-media-type", "This is not a media type taken here"


class Invalid(AppError):
    """Input that breaks a rule; `errors` points at each mistake."""

    status, type, title = 422, "validation-failed", "Some of the input is not valid"

    def __init__(self, *errors: dict[str, str], detail: str = "") -> None:
        super().__init__(detail, errors=list(errors))


class Unavailable(AppError):
    """A store does not answer; trying again later is right."""

    status, type, title = 503, "unavailable", "This is temporarily unavailable"


def mistake(pointer: str, detail: str) -> dict[str, str]:
    """Return one entry of `errors`: a JSON pointer (RFC 6901) into the input, and what is wrong."""
    return {"pointer": pointer, "detail": detail}
