# syntax=docker/dockerfile:1
# Three small images from one build:
#
#   docker build --target scheduler -t clientele-scheduler:0.1.0 .
#   docker build --target executor  -t clientele-executor:0.1.0  .
#   docker build --target jobs      -t clientele-jobs:0.1.0      .
#
# The dependencies are a layer of their own, made again only when a manifest or the lock changes.

ARG RUST_VERSION=1.95
ARG DEBIAN=bookworm

# What dependencies are built from: the manifests, and crates that are empty. Other changes leave
# the outcome of this stage the same, and so the layers that are copied from it.
FROM debian:${DEBIAN}-slim AS manifests
WORKDIR /source
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock ! -path './.cargo/*' -delete \
 && find . -mindepth 2 -name Cargo.toml -exec sh -c ' \
      for manifest; do \
        folder=$(dirname "$manifest")/src; \
        mkdir -p "$folder"; \
        if grep -q "src/main.rs" "$manifest"; \
        then echo "fn main() { }" > "$folder/main.rs"; \
        else : > "$folder/lib.rs"; \
        fi; \
      done' sh {} + \
 && find . -type d -empty -delete

FROM rust:${RUST_VERSION}-slim-${DEBIAN} AS build
WORKDIR /source
COPY --from=manifests /source .
RUN cargo build --release --workspace --locked
COPY . .
# Cargo goes by times, and those of the sources may be older than the empty crates.
RUN find . -name '*.rs' -not -path './target/*' -exec touch {} + \
 && cargo build --release --workspace --locked \
 && install -d -m 1777 /images/folders/data /images/folders/work \
 && cp target/release/scheduler target/release/executor target/release/jobs /images/

# glibc, certificates of the usual authorities, a user that is not root, and no shell.
FROM gcr.io/distroless/cc-debian12:nonroot AS base
USER 65532:65532
# For volumes: /data for events and runs (empty here, so that --root=/data alone opens nothing),
# /work for what is spilled. Writable for any user that a container is run as.
COPY --from=build /images/folders/ /
WORKDIR /data

FROM base AS scheduler
COPY --from=build /images/scheduler /usr/local/bin/scheduler
EXPOSE 50050
ENTRYPOINT ["/usr/local/bin/scheduler"]

FROM base AS executor
COPY --from=build /images/executor /usr/local/bin/executor
EXPOSE 50051 50052 50053
ENTRYPOINT ["/usr/local/bin/executor"]

FROM base AS jobs
COPY --from=build /images/jobs /usr/local/bin/jobs
ENTRYPOINT ["/usr/local/bin/jobs"]
