# The program (the last stage, taken where none is named), and the S3 server beside which it is tested.
#
#   docker build -t jianzheng .
#   docker build -t minio --target minio .

# ── the S3 server, from its source: nobody publishes images of it any more ──────────────────────────────────────────

FROM golang:1.26 AS minio-source
ARG MINIO=v0.0.0-20260212201848-7aac2a2c5b7c
ENV CGO_ENABLED=0 GOBIN=/out
RUN go install -trimpath -ldflags "-s -w" "github.com/minio/minio@${MINIO}"

FROM debian:12-slim AS minio
COPY --from=minio-source /out/minio /usr/local/bin/minio
RUN install -d -m 0700 -o 10002 -g 10002 /data
USER 10002:10002
EXPOSE 9000
ENTRYPOINT ["minio"]
CMD ["server", "--quiet", "--address", ":9000", "/data/drive{1...4}"]

# ── the program ─────────────────────────────────────────────────────────────────────────────────────────────────────

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# What changes seldom comes first. A lock is complete: nothing is resolved beside it, nothing is built with tools that no lock
# names (as in .ci/packages), and what is then there fits together.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /build/tools
RUN /build/tools/bin/python -m pip install --no-deps --only-binary :all: --require-hashes -r requirements-build.lock
RUN python -m venv --without-pip /opt/jianzheng
RUN /build/tools/bin/python -m pip --python /opt/jianzheng/bin/python install --no-deps --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY adapters adapters
COPY indexers indexers
COPY operations operations
COPY api api
RUN /build/tools/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /build/wheels .
RUN /build/tools/bin/python -m pip --python /opt/jianzheng/bin/python install --no-deps --no-index /build/wheels/*.whl
RUN /build/tools/bin/python -m pip --python /opt/jianzheng/bin/python check

FROM python:3.11-slim-bookworm AS program
# Reports in PDF need a Chinese font.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 jianzheng \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin jianzheng \
    && install -d -m 0700 -o 10001 -g 10001 /srv/jianzheng
COPY --from=build /opt/jianzheng /opt/jianzheng
ENV PATH=/opt/jianzheng/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 JIANZHENG_HOME=/srv/jianzheng
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
# It listens to everybody inside its container; who reaches the container is decided where its port is published.
ENTRYPOINT ["jianzheng"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
    CMD ["jianzheng", "check", "--server", "http://127.0.0.1:8000"]
