# Shared by the examples: where meshwright is, starting things in the background, ending them all.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(dirname -- "$(dirname -- "$here")")
: "${NODE:=node}"
started=""

meshwright() {
  if [ -n "${MESHWRIGHT:-}" ]; then "$MESHWRIGHT" "$@"; else "$NODE" "$top/dist/main.js" "$@"; fi
}

# A command in the background; it ends with the example.
start() {
  if [ "$1" = meshwright ]; then
    shift
    if [ -n "${MESHWRIGHT:-}" ]; then "$MESHWRIGHT" "$@" & else "$NODE" "$top/dist/main.js" "$@" & fi
  else
    "$@" &
  fi
  started="$started $!"
}

# A tiny HTTP service: NAME PORT [UPSTREAM_URL].
service() {
  start "$NODE" "$top/envoy/compose/service.mjs" "$@" >/dev/null
}

finish() {
  # shellcheck disable=SC2086
  kill $started 2>/dev/null || true
  wait
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Repeats a command until it succeeds, for half a minute.
until_ok() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 150 ] || { echo "gave up waiting for: $*" >&2; exit 1; }
    sleep 0.2
  done
}
