"""What the functions and the long-lived host share: one folder per domain, a few common rooms."""
