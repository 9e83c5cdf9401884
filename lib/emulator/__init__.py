"""The platform on one machine: embedded stores, Upstash, Vercel and its cron, and `make up`.

Nothing here is imported by functions, hosts or workers in production; the container of the REST
side runs `python -m lib.emulator api`, so the wheels of the embedded stores are imported lazily.
"""
