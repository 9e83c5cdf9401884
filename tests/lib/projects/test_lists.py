"""Lists of projects: who finds what, by search, order and page."""

import base64
from urllib.parse import quote

import orjson
import pytest

from lib.stores import postgres
from lib.stores.connection import Connection


@pytest.fixture
def projects(team):
    """Projects with the names given, each a little later than the one before."""

    def make(*names, description=""):
        path = f"/workspaces/{team.workspace['id']}/projects"
        body = {"description": description}
        return [team.owner.post(path, body | {"name": name}).get_json() for name in names]

    return make


@pytest.fixture
def guest(team):
    """Make somebody a guest of a project."""

    def invite(who, role="viewer", project=None):
        with postgres.connection() as conn:
            conn.execute(
                "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, %s)",
                [(project or team.project)["id"], who.id, role],
            )

    return invite


@pytest.fixture
def statements(monkeypatch):
    """Every SQL statement from now on."""
    seen = []

    def counting(real):
        def execute(self, query, *args, **kwargs):
            seen.append(query)
            return real(self, query, *args, **kwargs)

        return execute

    monkeypatch.setattr(Connection, "execute", counting(Connection.execute))
    return seen


def items(answer):
    assert answer.status_code == 200, answer.text
    return answer.get_json()["items"]


def names(who, path="/projects"):
    return [project["name"] for project in items(who.get(path))]


def pages(who, path, between=lambda: None):
    """The names on all pages, and how often `between` two of them was called."""
    seen = []
    while path:
        answer = who.get(path)
        seen += [project["name"] for project in items(answer)]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
        between()
    return seen


def test_a_person_lists_what_they_reach_in_all_workspaces_with_role_and_workspace(
    team, person, guest
):
    else_where = person("Else")
    other = else_where.post("/workspaces", {"name": "Annex"}).get_json()
    path = f"/workspaces/{other['id']}/projects"
    mine, hidden = (else_where.post(path, {"name": n}).get_json() for n in ("Mine", "Hidden"))
    guest(team.viewer, "collaborator", mine)
    listed = items(team.viewer.get("/projects"))
    assert [(p["name"], p["workspace_name"], p["role"]) for p in listed] == [
        ("Launch", "Studio", "viewer"),
        ("Mine", "Annex", "collaborator"),
    ]
    assert hidden["id"] not in str(listed)
    assert names(team.stranger) == []


def test_the_higher_of_two_roles_is_shown_in_both_lists_and_each_project_once(team, guest):
    guest(team.viewer, "owner")
    for path in ("/projects", f"/workspaces/{team.workspace['id']}/projects"):
        assert [p["role"] for p in items(team.viewer.get(path))] == ["owner"]


def test_filters_by_workspace_and_by_role(team, person, guest):
    own = team.viewer.post("/workspaces", {"name": "Own"}).get_json()
    team.viewer.post(f"/workspaces/{own['id']}/projects", {"name": "Mine"})
    assert names(team.viewer) == ["Launch", "Mine"]
    assert names(team.viewer, f"/projects?workspace_id={own['id']}") == ["Mine"]
    assert names(team.viewer, "/projects?role=viewer") == ["Launch"]
    assert names(team.viewer, "/projects?role=collaborator") == []
    assert names(team.stranger, f"/projects?workspace_id={own['id']}") == []


@pytest.mark.parametrize("where", ["all", "workspace"])
def test_a_search_is_literal_and_ignores_case(team, projects, where):
    projects("100 % cotton", "under_score", "back\\slash", "Größe")
    projects("Plain", description="It holds a NEEDLE, somewhere")
    path = "/projects" if where == "all" else f"/workspaces/{team.workspace['id']}/projects"
    for q, found in {
        "%": ["100 % cotton"],
        "_": ["under_score"],
        "\\": ["back\\slash"],
        "GRÖSSE": [],
        "GRÖßE": ["Größe"],
        "needle,": ["Plain"],
        "laun": ["Launch"],
        "' OR 1=1": [],
        ".*": [],
    }.items():
        assert names(team.viewer, f"{path}?q={quote(q)}") == found, q
    assert names(team.stranger, "/projects?q=laun") == []


@pytest.mark.parametrize(
    "query",
    ["q=", "q=" + "x" * 101, "q=%00", "sort=id", "sort=--name", "sort=", "sort=name;x", "role=x",
     "workspace_id=x", "deleted=maybe", "deleted=", "cursor=" + "A" * 3000],
)  # fmt: skip
def test_what_is_no_query_is_refused_with_a_pointer(team, query):
    problem = team.owner.get(f"/projects?{query}").get_json()
    assert problem["status"] == 422
    assert problem["errors"][0]["pointer"] == "/" + query.partition("=")[0]


@pytest.mark.parametrize("where", ["all", "workspace"])
@pytest.mark.parametrize("sort", ["name", "created_at", "updated_at"])
def test_pages_join_in_either_direction_where_many_share_a_value(team, projects, sort, where):
    made = projects("b", "A", "c", "a", "B", "a")
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE projects SET updated_at = now() - interval '1 day' WHERE id = ANY(%s)",
            [[project["id"] for project in made[:3]]],
        )
    path = "/projects" if where == "all" else f"/workspaces/{team.workspace['id']}/projects"
    whole = names(team.viewer, f"{path}?sort={sort}")
    assert len(whole) == 7
    assert pages(team.viewer, f"{path}?sort={sort}&limit=2") == whole
    assert pages(team.viewer, f"{path}?sort=-{sort}&limit=2") == whole[::-1]
    if sort == "name":
        assert [name.lower() for name in whole] == ["a", "a", "a", "b", "b", "c", "launch"]


def test_pages_lose_and_repeat_nothing_while_others_come_and_change(team, projects):
    projects(*(f"p{n}" for n in range(6)))
    count = iter(range(100))

    def disturb():
        projects(f"a-early-{next(count)}")

    seen = pages(team.viewer, "/projects?sort=name&limit=2", between=disturb)
    assert [name for name in seen if name[0] == "p"] == [f"p{n}" for n in range(6)]
    assert len(seen) == len(set(seen))


def test_a_cursor_belongs_to_its_list_order_and_filters(team, projects):
    projects("One", "Two")
    workspace = f"/workspaces/{team.workspace['id']}/projects"
    cursor = team.owner.get("/projects?limit=1").get_json()["next_cursor"]
    assert len(items(team.owner.get(f"/projects?cursor={cursor}"))) == 2
    assert len(items(team.owner.get(f"/projects?cursor={cursor}&sort=created_at"))) == 2
    others = ("/projects?sort=name&", "/projects?sort=-created_at&", "/projects?q=o&")
    for path in (*others, f"{workspace}?", "/workspaces?"):
        answer = team.owner.get(f"{path}cursor={cursor}")
        assert (answer.status_code, path) == (422, path)
        assert answer.get_json()["errors"][0]["pointer"] == "/cursor"


def test_a_cursor_that_somebody_has_rewritten_is_refused_or_shows_nothing_foreign(team, projects):
    projects("One", "Two")
    cursor = team.owner.get("/projects?limit=1").get_json()["next_cursor"]
    mark, value, identity = orjson.loads(base64.urlsafe_b64decode(cursor + "=="))
    for strange in ([mark], [mark, 1, identity], [mark, "yesterday", identity], [mark, value, "x"],
                    [mark, "2020-01-01T00:00:00", identity], [mark, value, 7], {"a": 1}, "x", None,
                    ["", value, identity], [mark, value, identity, 1]):  # fmt: skip
        text = base64.urlsafe_b64encode(orjson.dumps(strange)).decode().rstrip("=")
        assert team.owner.get(f"/projects?cursor={text}").status_code == 422, strange
    far = [mark, "0001-01-01T00:00:00+00:00", identity]
    text = base64.urlsafe_b64encode(orjson.dumps(far)).decode().rstrip("=")
    assert names(team.stranger, f"/projects?cursor={text}") == []
    assert len(names(team.owner, f"/projects?cursor={text}")) == 3


def test_a_list_costs_one_statement_caller_and_rows_together(team, statements):
    for path in ("/projects?q=a&sort=-name", f"/workspaces/{team.workspace['id']}/projects"):
        statements.clear()
        assert names(team.viewer, path) == ["Launch"]
        assert len(statements) == 1


def test_an_ended_session_and_a_stranger_are_told_apart_from_an_empty_list(team):
    workspace = f"/workspaces/{team.workspace['id']}/projects"
    assert team.stranger.get(workspace).status_code == 404
    assert names(team.stranger) == []
    team.stranger.post("/auth/logout")
    assert team.stranger.get("/projects").status_code == 401
    assert team.stranger.get(workspace).status_code == 401
