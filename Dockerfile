# One image for everything that runs outside Vercel; the command says which part a container is.
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /app
COPY requirements.txt .
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --requirement requirements.txt
COPY vercel.json .
COPY public public
COPY lib lib
COPY functions functions
COPY api api
COPY realtime_host realtime_host
COPY worker worker
# Nothing in the image changes after this line, so the bytecode need not be compared with its source.
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib /app

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 collab \
    && useradd --uid 10001 --gid collab --no-create-home --home-dir /tmp --shell /usr/sbin/nologin collab
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0
EXPOSE 5000 5001 5006 5007 5008
STOPSIGNAL SIGTERM
# Alone, the image is the real-time host. The others: python -m worker, python -m lib.emulator api,
# python -m lib.emulator cron, python -m lib.emulator mail, python -m lib.stores.migrate.
CMD ["gunicorn", "-c", "realtime_host/gunicorn.conf.py", "realtime_host.app:app"]
