# The control plane and, beside it, an Envoy and an etcd: one image for `agent`, `connect envoy`, and servers that form a cluster.
#   docker build -t meshwright .
#   docker run --init --rm -p 127.0.0.1:8500:8500 meshwright
# With --init, so that a first process other than Node buries what checks' scripts leave behind.
ARG NODE_IMAGE=node:20-bookworm-slim
ARG ENVOY_IMAGE=envoyproxy/envoy:v1.40.0
ARG ETCD_IMAGE=gcr.io/etcd-development/etcd:v3.6.6

FROM ${ENVOY_IMAGE} AS envoy

FROM ${ETCD_IMAGE} AS etcd

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY tsconfig.json ./
COPY scripts scripts
COPY proto proto
COPY src src
RUN node scripts/build.mjs && npm prune --omit=dev

FROM ${NODE_IMAGE}
RUN useradd --system --create-home --home-dir /var/lib/meshwright --shell /usr/sbin/nologin meshwright \
  && mkdir -p /etc/meshwright
WORKDIR /opt/meshwright
COPY --from=envoy /usr/local/bin/envoy /usr/local/bin/envoy
COPY --from=etcd /usr/local/bin/etcd /usr/local/bin/etcd
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY proto proto
COPY envoy envoy
RUN ln -s /opt/meshwright/dist/main.js /usr/local/bin/meshwright
USER meshwright
WORKDIR /var/lib/meshwright
ENV NODE_ENV=production
VOLUME /var/lib/meshwright
EXPOSE 8500 8502 8503
ENTRYPOINT ["meshwright"]
CMD ["agent", "-dev", "-client", "0.0.0.0"]
