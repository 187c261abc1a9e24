# The API alone: the database is a PostgreSQL 18 beside it (docker-compose.yml). The embedded one, which comes with
# npm's optional packages, is left out on purpose, so that a forgotten DATABASE_URL stops the start.

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No package needed here has to run a script when installed, so none may.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    BLUE_CYCLE_DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY migrations ./migrations
COPY openapi ./openapi
COPY packages ./packages
COPY src ./src
# The key files are made in /data at the first start: keep it on a volume and back it up. The link makes
# `docker exec CONTAINER blue-cycle …` the command line.
RUN mkdir /data && chown node:node /data && chmod 0700 /data && ln -s /app/bin/blue-cycle /usr/local/bin/blue-cycle
VOLUME /data
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The heap stays small rather than growing while it may.
CMD ["node", "--max-semi-space-size=8", "--max-old-space-size=512", "src/main.ts", "serve"]
