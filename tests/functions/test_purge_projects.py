"""Emptying the trash, through the cron's own path."""

from concurrent.futures import ThreadPoolExecutor

from lib.config import settings
from lib.stores import postgres


def test_what_has_been_in_the_trash_for_thirty_days_goes_once_and_nothing_else(team, api):
    path = f"/workspaces/{team.workspace['id']}/projects"
    ages = {"old": "31 days", "older": "300 days", "young": "29 days"}
    made = {name: team.owner.post(path, {"name": name}).get_json()["id"] for name in ages}
    for name, age in ages.items():
        assert team.owner.delete(f"/projects/{made[name]}").status_code == 204
        with postgres.connection() as conn:
            conn.execute(
                "UPDATE projects SET deleted_at = now() - %s::interval WHERE id = %s",
                [age, made[name]],
            )
    headers = {"Authorization": f"Bearer {settings().cron_secret}"}

    def purge(_):
        return api.get("/api/cron/purge_projects", headers=headers).get_json()["done"]["purged"]

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(purge, range(3))) == 2
    assert purge(0) == 0
    left = team.owner.get(f"{path}?deleted=true").get_json()["items"]
    assert [project["name"] for project in left] == ["young"]
    assert team.viewer.get(f"/projects/{team.project['id']}").status_code == 200
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT event FROM audit_outbox WHERE event->>'action' = 'project.purged'"
            " AND event->>'workspace_id' = %s",
            [team.workspace["id"]],
        ).fetchall()
    assert {row["event"]["details"]["name"] for row in rows} == {"old", "older"}
    assert {row["event"]["actor_id"] for row in rows} == {None}
