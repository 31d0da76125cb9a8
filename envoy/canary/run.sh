#!/bin/sh
# All steps of README.md in one go: the shares of the versions before and after each step, and how many requests failed.
set -eu
. "$(dirname -- "$0")/../examples.sh"

start meshwright agent -dev -log-level warn
until_ok meshwright members

meshwright config write "$here/proxy-defaults.hcl"
meshwright config write "$here/resolver.hcl"
meshwright services register "$here/api-v1.hcl" "$here/api-v2.hcl" "$here/web.hcl"

service api-v1 9301
service api-v2 9302
service web 9300 http://127.0.0.1:9391
admin=19000
for id in api-v1 api-v2 web; do
  start meshwright connect envoy -sidecar-for "$id" -admin-bind "127.0.0.1:$admin" -- -l error
  admin=$((admin + 1))
done
until_ok curl -sf http://127.0.0.1:9300/

# Five hundred requests, counted by who answered.
shares() {
  echo "$1"
  curl -s -w '' "http://127.0.0.1:9300/[1-500]" | sort | uniq -c
}

shares "only the resolver:"
for percent in 10 50 100; do
  meshwright config write "$here/split-$percent.hcl"
  sleep 1
  shares "$percent % for v2:"
done
