"""A connection goes on with a fresh token, and ends with the session that the last one is of."""

from datetime import UTC, datetime, timedelta

SOON = 2.0  # seconds: the hub looks again in its next tick


def token(account, ends_in=3600):
    ends = datetime.now(UTC) + timedelta(seconds=ends_in)
    asked = {"name": "CI", "scopes": ["read", "write"], "expires_at": ends.isoformat()}
    answer = account.post("/me/tokens", asked)
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()


def test_a_connection_outlives_its_token_when_it_is_given_another(connect, team):
    first, second = token(team.viewer), token(team.viewer)
    client = connect(None, team.project["id"], subprotocols=["bearer", first["token"]])
    told = client.ask("authenticate", {"token": second["token"]})
    assert told["event"] == "ack"
    assert 3500 < told["data"]["ends_in"] <= 3600
    assert team.viewer.delete(f"/me/tokens/{first['id']}").status_code == 204
    assert client.ask("ping")["event"] == "ack"
    assert team.viewer.delete(f"/me/tokens/{second['id']}").status_code == 204
    assert client.closed(SOON) == 4401


def test_a_token_of_somebody_else_is_refused_and_changes_nothing(connect, team):
    client = connect(team.viewer, team.project["id"])
    others = token(team.owner)
    refused = client.ask("authenticate", {"token": others["token"]})
    assert refused["data"]["status"] == 403
    assert team.owner.delete(f"/me/tokens/{others['id']}").status_code == 204
    assert client.ask("ping")["event"] == "ack"


def test_a_token_that_is_none_is_refused_and_the_connection_stays(connect, team):
    client = connect(team.viewer, team.project["id"])
    for text in ("x", "a.b.c", "pat_" + "0" * 40):
        assert client.ask("authenticate", {"token": text})["data"]["status"] == 401
    assert client.ask("authenticate", {"token": ""})["data"]["status"] == 422
    assert client.ask("ping")["event"] == "ack"


def test_an_access_token_of_another_session_takes_the_place_of_the_first(connect, team, api):
    login = {"email": team.viewer.email, "password": "correct horse battery staple"}
    other = api.post("/auth/login", login).get_json()["access_token"]
    client = connect(team.viewer, team.project["id"])
    assert client.ask("authenticate", {"token": other})["event"] == "ack"
    assert team.viewer.post("/auth/logout").status_code == 204
    assert client.ask("ping")["event"] == "ack"
