# Written by `python tests/e2e/images --dockerfile`: change tests/e2e/images/recipe.py.
FROM docker.io/library/debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3.11 python3-pip
WORKDIR /src
COPY pyproject.toml requirements.lock ./
COPY tools/locked-requirements.py tools/
RUN python3 tools/locked-requirements.py > /needs.txt \
 && pip install --no-cache-dir --require-hashes --no-compile --target /opt/sampledb -r /needs.txt \
 && rm -r /opt/sampledb/bin /opt/sampledb/kubernetes/aio \
 && python3 tools/locked-requirements.py hatchling > /tools.txt \
 && pip install --no-cache-dir --require-hashes --break-system-packages -r /tools.txt
COPY . .
RUN python3 -m hatchling build -t wheel -d /wheel \
 && pip install --no-cache-dir --no-deps --no-compile --target /opt/sampledb /wheel/*.whl \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/sampledb

FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git openssh-client python3 \
 && rm -rf /var/lib/apt/lists/* \
 && echo 'sampledb:x:65532:65532::/tmp:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'sampledb:x:65532:' >> /etc/group
COPY --from=build /opt/sampledb /opt/sampledb
LABEL org.opencontainers.image.title="sampledb-renderer"
LABEL org.opencontainers.image.description="SampleDB resources become commits that Argo CD or Flux applies"
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENV PATH="/opt/sampledb/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENV PYTHONPATH="/opt/sampledb"
ENV PYTHONDONTWRITEBYTECODE="1"
ENV PYTHONUNBUFFERED="1"
ENV HOME="/tmp"
WORKDIR /tmp
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["sampledb"]
