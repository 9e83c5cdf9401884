"""Mail: what the system writes to people. A mail is a job; the worker hands it to a mail server."""
