#!/bin/sh
# All steps of README.md in one go. Ctrl-C ends everything; with `once` it ends by itself after the first answers.
set -eu
. "$(dirname -- "$0")/../examples.sh"

start meshwright agent -dev -log-level warn
until_ok meshwright members

meshwright config write "$here/proxy-defaults.hcl"
meshwright services register "$here/api.hcl" "$here/web.hcl"

service api 9201
service web 9202 http://127.0.0.1:9291
start meshwright connect envoy -sidecar-for api -admin-bind 127.0.0.1:19000 -- -l error
start meshwright connect envoy -sidecar-for web -admin-bind 127.0.0.1:19001 -- -l error

until_ok curl -sf http://127.0.0.1:9202/
echo "through two Envoys: $(curl -s http://127.0.0.1:9202/)"

meshwright intention create -deny web api
sleep 1
echo "denied: $(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9202/)"
meshwright intention delete web api
until_ok curl -sf http://127.0.0.1:9202/
echo "allowed again: $(curl -s http://127.0.0.1:9202/)"

[ "${1:-}" = once ] || wait
