"""The huey consumer and the job handlers: the background half of the long-lived container."""
