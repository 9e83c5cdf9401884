"""What operations are called in the document: by their path and their function."""

from lib.openapi.routes import Operation


def tag(operation: Operation) -> str:
    """Return the group that an operation stands in."""
    return "maintenance" if operation.is_cron else _words(operation)[0]


def operation_id(operation: Operation) -> str:
    """Return the one name of an operation, such as `projects_files_create`."""
    names = [*_words(operation), operation.view.__name__]
    return "_".join(name.replace("-", "_") for name in names)


def _words(operation: Operation) -> list[str]:
    steps = operation.path.split("/")[3:]
    return [step for step in steps if not step.startswith("{")]
