# syntax=docker/dockerfile:1
# Serving only: no TensorFlow, no compiler, no tests. Everything that changes lives in /srv/blastscreen/var (a volume);
# the rest may be mounted read-only (`--read-only --tmpfs /tmp`).

ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/blastscreen
RUN python -m venv .venv
COPY requirements.lock .
RUN .venv/bin/python -m pip install --require-hashes --only-binary :all: --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
COPY models models
RUN .venv/bin/python -m pip install --no-deps --no-build-isolation --editable . \
    && .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash app migrations

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Blastscreen" \
      org.opencontainers.image.description="Screening support for acute lymphoblastic leukaemia in images of single white blood cells" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/srv/blastscreen/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv/blastscreen
COPY --from=build /srv/blastscreen /srv/blastscreen
RUN groupadd --system --gid 10001 blastscreen \
    && useradd --system --uid 10001 --gid blastscreen --home-dir /srv/blastscreen/var --shell /usr/sbin/nologin blastscreen \
    && install --directory --owner=blastscreen --group=blastscreen --mode=0700 /srv/blastscreen/var
USER 10001:10001
VOLUME /srv/blastscreen/var
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["blastscreen", "serve", "--host", "0.0.0.0", "--port", "8000"]
