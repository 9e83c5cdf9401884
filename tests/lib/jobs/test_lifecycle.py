"""Retries: how long they wait, and that they do not come back together."""

from collections import Counter

from lib.jobs import lifecycle
from lib.jobs.lifecycle import Backoff


def test_a_retry_waits_longer_each_time_up_to_a_limit(stack):
    longest = [max(lifecycle.retry_delay(attempt) for _ in range(500)) for attempt in range(1, 12)]
    assert 15 < longest[0] <= 20 < longest[1] <= 40 < longest[2] <= 80
    assert max(longest) <= lifecycle.MAX_RETRY_DELAY


def test_a_thousand_that_fail_together_do_not_come_back_together(stack):
    buckets = Counter(int(lifecycle.retry_delay(1)) for _ in range(1000))
    assert max(buckets.values()) <= 100


def test_a_kind_has_its_own_first_wait_and_limit(stack):
    quick = Backoff(first=2, longest=5)
    longest = [max(lifecycle.retry_delay(n, quick) for _ in range(500)) for n in range(1, 6)]
    assert 1.5 < longest[0] <= 2 < longest[1] <= 4 < longest[2] <= 5
    assert max(longest) <= 5
    assert {lifecycle.retry_delay(n, Backoff(first=0)) for n in range(1, 9)} == {0}
