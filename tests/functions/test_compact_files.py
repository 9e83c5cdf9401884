"""Folding long histories, through the cron's own path."""

from lib.config import settings
from lib.files import compaction
from lib.stores import postgres


def test_long_histories_are_folded_once_and_short_ones_left(team, api, monkeypatch):
    monkeypatch.setattr(compaction, "LONG", 10)
    monkeypatch.setattr(compaction, "KEPT", 5)
    content = f"/files/{team.file['id']}/content"
    for n in range(12):
        team.owner.put(content, {"content": f"hello {n}"})
    headers = {"Authorization": f"Bearer {settings().cron_secret}"}
    answers = [api.get("/api/cron/compact_files", headers=headers).get_json() for _ in "12"]
    first, second = (answer["done"]["compacted"] for answer in answers)
    assert first >= 1  # other tests' files may be long too
    assert second == 0
    with postgres.connection() as conn:
        row = conn.execute(
            "SELECT count(*) AS left FROM file_updates WHERE file_id = %s", [team.file["id"]]
        ).fetchone()
    assert row["left"] == 5
    assert team.viewer.get(f"/files/{team.file['id']}").get_json()["content"] == "hello 11"
