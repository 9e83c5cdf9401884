"""Which files become functions, and which of them answers a path."""

import pytest

from lib.emulator.routes import RouteError, defines_app, discover


@pytest.fixture
def tree(tmp_path):
    def make(*files, text="app = object()\n"):
        for file in files:
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def found(routes, path):
    match = routes.find(path)
    return (str(match[0].file), match[1]) if match else None


@pytest.mark.parametrize(
    "text",
    [
        "app = Flask(__name__)",
        "from flask import Flask\napp: Flask = make()",
        "from functions.sweep import app",
        "from functions.sweep import other as app",
        "app = application = make()",
    ],
)
def test_a_plain_top_level_app_makes_a_function(tmp_path, text):
    (tmp_path / "x.py").write_text(text)
    assert defines_app(tmp_path / "x.py")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "try:\n    app = make()\nexcept ImportError:\n    raise",
        "app, other = make()",
        "if True:\n    app = make()",
        "def make():\n    app = 1",
        "app: Flask",
        "from functions.sweep import app as other",
        "app = (",
        "app = '\0'",
    ],
)
def test_anything_else_is_dropped(tmp_path, text):
    (tmp_path / "x.py").write_text(text)
    assert not defines_app(tmp_path / "x.py")


def test_functions_and_dropped_files_are_both_told(tree):
    root = tree("api/v1/me/index.py", "api/v1/[a]/x.py")
    tree("api/v1/broken.py", text="try:\n    app = 1\nfinally:\n    pass\n")
    tree("api/_hidden.py", "api/_lib/x.py", "api/.cache/x.py", "api/v1/__init__.py", "lib/x.py")
    routes = discover(root)
    assert [route.path for route in routes.functions] == ["/api/v1/me", "/api/v1/[a]/x"]
    assert [str(file) for file in routes.dropped] == ["api/v1/broken.py"]


def test_a_path_finds_its_file_and_parameters(tree):
    routes = discover(tree("api/p/index.py", "api/p/[id]/index.py", "api/p/[id]/tasks/[task].py"))
    assert found(routes, "/api/p") == ("api/p/index.py", {})
    assert found(routes, "/api/p/") == ("api/p/index.py", {})
    assert found(routes, "/api/p/7") == ("api/p/[id]/index.py", {"id": "7"})
    tasks = ("api/p/[id]/tasks/[task].py", {"id": "7", "task": "a%2Fb"})
    assert found(routes, "/api/p/7/tasks/a%2Fb") == tasks


@pytest.mark.parametrize("path", ["/", "/api", "/api/p/7/8", "/api//p", "/api/p//", "/v1", "api"])
def test_other_paths_find_nothing(tree, path):
    assert discover(tree("api/p/index.py", "api/p/[id]/index.py")).find(path) is None


def test_static_segments_win_over_parameters_and_leave_the_rest_to_them(tree):
    routes = discover(tree("api/[a]/c/y.py", "api/s/[b]/x.py", "api/s/me/x.py", "api/[a]/me/z.py"))
    assert found(routes, "/api/s/me/x") == ("api/s/me/x.py", {})
    assert found(routes, "/api/s/7/x") == ("api/s/[b]/x.py", {"b": "7"})
    assert found(routes, "/api/s/c/y") == ("api/[a]/c/y.py", {"a": "s"})
    assert found(routes, "/api/s/me/z") == ("api/[a]/me/z.py", {"a": "s"})


def test_there_is_no_catch_all(tree):
    assert discover(tree("api/[...rest].py")).find("/api/a/b") is None


@pytest.mark.parametrize(
    "files",
    [
        ("api/p/[id].py", "api/p/[name].py"),
        ("api/p.py", "api/p/index.py"),
        ("api/p/[id]/x.py", "api/p/[name]/y.py"),
    ],
)
def test_contradicting_files_are_refused(tree, files):
    with pytest.raises(RouteError, match="claim the same path"):
        discover(tree(*files))
