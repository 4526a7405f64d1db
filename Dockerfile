# One image for every service; the service is the argument: docker run tidemark broker
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS deps
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci

FROM deps AS build
COPY . .
RUN npm run build && npm prune --omit=dev

FROM ${NODE_IMAGE} AS runtime
WORKDIR /app
# What a flood left free in between, glibc keeps; jemalloc gives it back to the system.
RUN apt-get update && apt-get install -y --no-install-recommends libjemalloc2 && rm -rf /var/lib/apt/lists/*
# Bound to every interface a start is refused until ACCESS=credentials, and LEGACY_HTTP_KEY or LEGACY_HTTP_OPEN=true, are set.
ENV NODE_ENV=production \
    LD_PRELOAD=libjemalloc.so.2 \
    HOST=0.0.0.0 \
    DATA_DIR=/data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN install -d -o node -g node /data
USER node
VOLUME /data
EXPOSE 1883 8083 8883 8884 8080 9090
STOPSIGNAL SIGTERM
# A single service answers on PROBE_PORT, the whole platform in one process on HTTP_PORT.
# The first success ends the start, which an upgrade of the tables makes long.
HEALTHCHECK --interval=10s --timeout=5s --start-period=1h --retries=3 \
  CMD ["node", "-e", "const { PROBE_PORT = 9090, HTTP_PORT = 8080 } = process.env; Promise.any([PROBE_PORT, HTTP_PORT].map(async (port) => { const { ok } = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(3000) }); if (!ok) throw new Error('not ready'); })).catch(() => process.exit(1));"]
# Why the flag: docs/operations.md, "Run modes".
ENTRYPOINT ["node", "--enable-source-maps", "--max-semi-space-size=64", "dist/main.js"]
