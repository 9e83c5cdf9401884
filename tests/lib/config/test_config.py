"""Settings: what is missing or malformed is named, with what to set."""

import pytest

from lib.config import ConfigError, load

GOOD = {"DATABASE_URL": "postgresql://u@h/d", "JWT_SECRET": "s" * 32}


@pytest.mark.parametrize("missing", ["DATABASE_URL", "JWT_SECRET"])
def test_a_missing_variable_is_named(missing):
    with pytest.raises(ConfigError, match=missing):
        load({name: value for name, value in GOOD.items() if name != missing})


def test_a_secret_under_32_bytes_refuses_to_start():
    with pytest.raises(ConfigError, match="JWT_SECRET must be set and be at least 32 bytes"):
        load(GOOD | {"JWT_SECRET": "s" * 31})


@pytest.mark.parametrize("name", ["JWT_SECRET", "CRON_SECRET"])
def test_a_secret_that_everybody_knows_is_for_local_use_only(name):
    known = GOOD | {name: "local-only-" + "s" * 32}
    assert load(known | {"APP_ENV": "local"})
    with pytest.raises(ConfigError, match=f"{name} is one that everybody knows"):
        load(known)


def test_a_short_cron_secret_is_refused_and_none_is_possible():
    assert load(GOOD).cron_secret == ""
    with pytest.raises(ConfigError, match="CRON_SECRET"):
        load(GOOD | {"CRON_SECRET": "short"})


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900), ("30s", 30), ("2h", 7200), ("30d", 2_592_000)]
)
def test_durations_are_numbers_with_a_unit(text, seconds):
    assert load(GOOD | {"JWT_EXPIRES_IN": text}).jwt_expires_in == seconds


@pytest.mark.parametrize("text", ["15", "m", "-1m", "0s", "15 minutes", "1w"])
def test_a_malformed_duration_is_named(text):
    with pytest.raises(ConfigError, match="JWT_EXPIRES_IN must be a duration"):
        load(GOOD | {"JWT_EXPIRES_IN": text})


def test_the_parts_of_an_address_make_an_address():
    parts = {"PG_HOST": "db", "PG_PORT": "5433", "PG_USER": "me", "PG_PASSWORD": "p@ss/word"}
    built = load({"JWT_SECRET": "s" * 32, "REDIS_HOST": "cache"} | parts)
    assert built.database_url == "postgresql://me:p%40ss%2Fword@db:5433/collab_workspace"
    assert built.redis_url == "redis://cache:6379/0"


def test_a_whole_address_wins_over_its_parts():
    assert load(GOOD | {"PG_HOST": "elsewhere"}).database_url == GOOD["DATABASE_URL"]


def test_verified_addresses_are_asked_for_only_where_that_is_set():
    assert not load(GOOD).email_verification_required
    assert load(GOOD | {"EMAIL_VERIFICATION": "required"}).email_verification_required
    with pytest.raises(ConfigError, match="EMAIL_VERIFICATION must be optional or required"):
        load(GOOD | {"EMAIL_VERIFICATION": "yes"})


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:p@h:5432/d",
        "postgres://u:p%40%2Fw@db.example.com/d?sslmode=require&options=-c%20x%3D1",
        "postgresql://u@h1:5432,h2:5433/d?target_session_attrs=read-write",
        "postgresql://u:p@[::1]:5432/d",
        "postgresql:///d?host=/var/run/postgresql",
    ],
)
def test_an_address_of_postgres_is_taken_as_it_is(address):
    assert load(GOOD | {"DATABASE_URL": address}).database_url == address


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_DIRECT_URL"])
@pytest.mark.parametrize(
    "address",
    [
        "postgres:/u:{}@h/d", "u:{}@h/d", "host=h password={}", "postgresql://u:{}@x@h/d",
        "postgresql://u:{} @h/d", "postgresql://u:{}%zz@h/d", "postgresql://u:{}/x@h/d",
        "mysql://u:{}@h/d", "postgresql://u:{}#@h/d", " postgresql://u:{}@h/d",
    ],
)  # fmt: skip
def test_an_address_that_libpq_would_repeat_in_its_errors_is_named_and_not_shown(name, address):
    with pytest.raises(ConfigError, match=f"{name} must be like") as refused:
        load(GOOD | {name: address.format("canary")})
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_a_limit_that_lets_nothing_through_is_named(text):
    assert load(GOOD).realtime_burst == 100
    with pytest.raises(ConfigError, match="REALTIME_BURST must be"):
        load(GOOD | {"REALTIME_BURST": text})


def test_webhooks_lead_to_public_hosts_alone_unless_networks_are_named():
    assert load(GOOD).webhook_allow_private == ()
    given = {"WEBHOOK_ALLOW_PRIVATE": " 127.0.0.0/8, ::1/128 ,10.0.0.1"}
    allowed = load(GOOD | given).webhook_allow_private
    assert [str(network) for network in allowed] == ["127.0.0.0/8", "::1/128", "10.0.0.1/32"]


@pytest.mark.parametrize("text", ["localhost", "127.0.0.1/8", "10.0.0.0/33", "*", "10.0.0.0/8;::1"])
def test_what_is_no_network_is_named(text):
    with pytest.raises(ConfigError, match="WEBHOOK_ALLOW_PRIVATE must be networks"):
        load(GOOD | {"WEBHOOK_ALLOW_PRIVATE": text})


def test_proxies_are_trusted_by_number_or_by_network():
    assert load(GOOD).trusted_proxies == 0
    assert load(GOOD | {"TRUSTED_PROXIES": "2"}).trusted_proxies == 2
    found = load(GOOD | {"TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1,fd00::/8"}).trusted_proxies
    assert [str(network) for network in found] == ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]


@pytest.mark.parametrize(
    "text", ["-1", "1.5", "10.0.0.1/8", "lb.example.com", "1, 2.3", "10.0.0.0/99"]
)
def test_proxies_that_are_neither_are_named(text):
    with pytest.raises(ConfigError, match="TRUSTED_PROXIES must be"):
        load(GOOD | {"TRUSTED_PROXIES": text})
