"""The passwords that everybody tries first."""

from functools import cache
from itertools import islice

COMMONEST = 3000  # of those that are long enough to be chosen at all (OWASP ASVS 5.0, 6.2.4)


def is_common(password: str, least: int) -> bool:
    """Return whether `password`, in whatever case, is one of the commonest of `least` characters.

    They come from zxcvbn's list, by how often each was found in leaked collections.
    """
    return password.lower() in _commonest(least)


@cache
def _commonest(least: int) -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]

    long_enough = (word for word in FREQUENCY_LISTS["passwords"] if len(word) >= least)
    return frozenset(islice(long_enough, COMMONEST))
