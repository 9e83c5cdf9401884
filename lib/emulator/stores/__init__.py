"""Real servers from wheels, each a child process on loopback: Postgres, Valkey and NX-27017."""
