"""What has expired is deleted: links at once, tokens after a month in their owner's list."""

from lib.accounts import expiry
from lib.stores import postgres


def test_expired_links_and_tokens_are_deleted_and_live_ones_kept(person):
    gone, kept = person(), person()
    for who in (gone, kept):
        assert who.post("/auth/email/resend").status_code == 204
        for _ in range(2):
            assert who.post("/me/tokens", {"name": "T", "scopes": ["read"]}).status_code == 201
    with postgres.transaction() as conn:
        for table, age in (("account_links", "1 s"), ("personal_tokens", "31 days")):
            conn.execute(
                f"UPDATE {table} SET expires_at = now() - %s::interval WHERE user_id = %s",  # noqa: S608
                [age, gone.id],
            )
        deleted = expiry.delete(conn, 1)
        assert {deleted["links"], deleted["tokens"]} == {1}
        deleted = expiry.delete(conn, 1000)
        assert deleted["tokens"] == 1
        counts = [
            conn.execute(
                f"SELECT count(*) AS n FROM {table} WHERE user_id = %s",  # noqa: S608
                [who.id],
            ).fetchone()["n"]
            for who in (gone, kept)
            for table in ("account_links", "personal_tokens")
        ]
    assert counts == [0, 0, 1, 2]
