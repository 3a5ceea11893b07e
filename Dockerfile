# A coordinator: watches over runs, serves their pages, computes nothing itself.
#   docker build -t murmuration .
#   docker run --rm -v ./job:/job:ro -v runs:/runs -p 127.0.0.1:8080:8080 murmuration \
#     run /job/job.yaml --directory /runs --spawn 0 --http 0.0.0.0:8080

FROM node:24-slim AS build
WORKDIR /app
COPY . .
# What runs needs no compiler, linter or test; the pages are built here, so that the container never writes to itself.
RUN npm ci --omit=dev && node --disable-warning=ExperimentalWarning apps/dashboard/build.ts && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=build --chown=root:root /app /app
RUN mkdir /runs && chown node:node /runs
USER node
WORKDIR /runs
VOLUME /runs
# Pages, and peers that come in by them; peers that dial the coordinator directly.
EXPOSE 8080 4001
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "/app/packages/orchestrator/bin/orchestrate.mjs"]
CMD ["--help"]
