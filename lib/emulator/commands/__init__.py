"""What the services of `make up` run: each module's `main` reads the environment and serves."""
