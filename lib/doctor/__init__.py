"""`python -m lib.doctor`: whether both sides work, and with the same stores, secrets and clocks."""
