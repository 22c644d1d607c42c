# shellcheck shell=bash
# Sourced by the start scripts of the SAML providers: keys, a free port, the READY line, an end with whoever started it.
# They define `program`, which becomes the provider at $HOST:$PORT; $BASE is its public URL.

: "${FOLDER:?a folder for keys and files}"
SAML=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PEOPLE=${PEOPLE:-$SAML/../people.json} DEFAULTS=$SAML/defaults.json
cd "$FOLDER"
FOLDER=$PWD
export FOLDER

STARTER=$PPID
CHILD=""
WATCHER=""
# shellcheck disable=SC2317 # reached by the trap
stop() {
  trap - EXIT
  kill ${CHILD:+"$CHILD"} ${WATCHER:+"$WATCHER"} 2>/dev/null || true
  [ -z "$CHILD" ] || wait "$CHILD" 2>/dev/null || true
}
trap stop EXIT
trap 'exit 0' TERM INT HUP

# 1 signs at first; 2 is what a rotation brings.
make_keys() {
  local number
  for number in 1 2; do
    openssl req -x509 -newkey rsa:2048 -nodes -days 99 -subj "/CN=Key $number" -keyout "$number.key" -out "$number.crt" 2>>openssl.log
  done
}

listens() { (exec 3<>"/dev/tcp/$HOST/$PORT") 2>/dev/null; }

# By process id, so that two that start at once never choose the same port; below the range that the kernel gives to connections.
serve() {
  local try
  for try in 0 1 2 3 4; do
    export PORT=$((20000 + ($$ + try * 2400) % 12000))
    export BASE=http://$HOST:$PORT
    if listens; then continue; fi
    program >>server.log 2>&1 </dev/null &
    CHILD=$!
    while kill -0 "$CHILD" 2>/dev/null; do
      if listens; then
        (while kill -0 "$STARTER"; do sleep 1; done; kill $$) >/dev/null 2>&1 </dev/null &
        WATCHER=$!
        echo "READY $BASE"
        wait "$CHILD"
        return
      fi
      sleep 0.05
    done
  done
  cat server.log >&2
  return 1
}
