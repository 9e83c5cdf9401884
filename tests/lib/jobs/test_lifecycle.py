"""Retries: how long they wait, and that they do not come back together."""

from collections import Counter

from lib.jobs import lifecycle


def test_a_retry_waits_longer_each_time_up_to_a_limit(stack):
    longest = [max(lifecycle.retry_delay(attempt) for _ in range(500)) for attempt in range(1, 12)]
    assert 15 < longest[0] <= 20 < longest[1] <= 40 < longest[2] <= 80
    assert max(longest) <= lifecycle.MAX_RETRY_DELAY


def test_a_thousand_that_fail_together_do_not_come_back_together(stack):
    buckets = Counter(int(lifecycle.retry_delay(1)) for _ in range(1000))
    assert max(buckets.values()) <= 100
