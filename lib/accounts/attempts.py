"""How often what guesses, mails or hashes may be tried: per network address and per account.

An account is counted by its e-mail address, whether there is such an account or not, and the
address is stored as a hash only: people type passwords into the wrong field.
"""

import hashlib

from lib.access import throttles
from lib.access.throttles import Limit, Standing

# Per network address, the failed and the successful alike; an office behind one address fits.
LOG_INS = Limit("log-in", 30, 300)
REGISTRATIONS = Limit("register", 60, 600)
FORGOTTEN = Limit("forgot", 30, 3600)
LINK_USES = Limit("link", 30, 300)

# Per account.
FAILURES = Limit("log-in-failures", 10, 900)
CONFIRMATIONS = Limit("password-confirmation", 10, 900)  # by somebody logged in: a stolen session
RESENDS = Limit("resend", 5, 3600)

# Mails to one address that anybody can cause, each kind by itself: more are not sent.
REGISTRATION_MAILS = Limit("mail-register", 3, 3600)
RESET_MAILS = Limit("mail-reset", 5, 3600)
VERIFICATION_MAILS = Limit("mail-verify", 5, 3600)


def count(limit: Limit, email: str) -> Standing:
    """Count an attempt for the account with this address; return where it stands after it."""
    return throttles.count(limit, _subject(email))


def within(limit: Limit, email: str) -> bool:
    """Count an attempt, and return whether it is within the limit."""
    return count(limit, email).left >= 0


def forgive(limit: Limit, email: str) -> None:
    """Forget the attempts for the account with this address."""
    throttles.forgive(limit, _subject(email))


def _subject(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]
