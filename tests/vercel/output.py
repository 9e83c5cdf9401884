"""What a build leaves in .vercel/output: functions, static files, and the routing between them.

The format is the Build Output API, version 3 (vercel.com/docs/build-output-api).
"""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

CONFIG = ".vc-config.json"


@dataclass(frozen=True)
class Function:
    """One built function: its settings, and each file of its bundle with where it lies here."""

    name: str
    settings: dict[str, Any]
    own: dict[str, Path]  # what the builder wrote for this function alone
    shared: dict[str, Path]  # project files and packages

    @cached_property
    def size(self) -> int:
        """Bytes of the unpacked bundle."""
        return sum(file.stat().st_size for file in (self.own | self.shared).values())

    @cached_property
    def entries(self) -> set[str]:
        """The names at the top of the bundle, without what the builder wrote."""
        return {place.partition("/")[0] for place in self.shared}

    @classmethod
    def read(cls, project: Path, folder: Path, name: str) -> "Function":
        """Return the function in `folder`."""
        settings = json.loads((folder / CONFIG).read_text())
        files = (file for file in folder.rglob("*") if file.is_file() and file.name != CONFIG)
        own = {file.relative_to(folder).as_posix(): file for file in files}
        shared = settings.pop("filePathMap", {})
        return cls(name, settings, own, {place: project / file for place, file in shared.items()})


@dataclass(frozen=True)
class Output:
    """Everything that one build made."""

    project: Path
    functions: dict[str, Function]
    static: set[str]
    config: dict[str, Any]
    log: str
    seconds: float

    @classmethod
    def read(cls, project: Path, log: str, seconds: float) -> "Output":
        """Return what lies in the project's .vercel/output."""
        output = project / ".vercel/output"
        functions = {}
        for file in (output / "functions").glob("**/*.func/" + CONFIG):
            folder = file.parent
            name = folder.relative_to(output / "functions").as_posix().removesuffix(".func")
            functions[name] = Function.read(project, folder, name)
        published = (file for file in (output / "static").rglob("*") if file.is_file())
        static = {file.relative_to(output / "static").as_posix() for file in published}
        config = json.loads((output / "config.json").read_text())
        return cls(project, functions, static, config, log, seconds)

    def find(self, path: str) -> tuple[Function, str] | None:
        """Return the function that the platform sends a path to, and the target that it sees.

        The target is the path with the parameters as its query. First counts a function of that
        name, then the first route whose destination is one.
        """
        if path in self._paths:
            return self._paths[path], path
        for route in self.config["routes"]:
            match = re.match(route.get("src", "$."), path)
            if not match or "dest" not in route:
                continue
            destination = match.expand(re.sub(r"\$(\d+)", r"\\g<\1>", route["dest"]))
            place, _, query = destination.partition("?")
            if place in self._paths:
                return self._paths[place], f"{path}?{query}" if query else path
        return None

    @cached_property
    def _paths(self) -> dict[str, Function]:
        """Each function by the paths that name it: its own, and its folder's if it is an index."""
        named = {f"/{name}": function for name, function in self.functions.items()}
        return {path.removesuffix("/index"): named[path] for path in named} | named
