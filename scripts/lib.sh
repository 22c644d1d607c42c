# shellcheck shell=bash
# Sourced by the other scripts. Kept within bash 3.2, which macOS carries.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OIDC_PROVIDER=$ROOT/tests/idps/oidc-provider
PATH=$PATH:$HOME/.cargo/bin:/usr/sbin

have() { command -v "$1" >/dev/null 2>&1; }

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# The folder that holds initdb and postgres; the newest where there are several. Debian keeps it out of PATH.
postgres_bin() {
  local found="" dir
  for dir in ${PG_BIN:+"$PG_BIN"} "$(dirname "$(command -v initdb || true)")" \
    $(printf '%s\n' /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin | sort -rV); do
    if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
      found=$dir
      break
    fi
  done
  [ -n "$found" ] && printf '%s\n' "$found"
}

node_major() { node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p'; }

# The version of the npm package oidc-provider that runs on this machine's Node. package.json names the newest.
oidc_provider_version() {
  local node
  node=$(node_major)
  if [ "${node:-0}" -ge 20 ]; then
    sed -n 's/.*"oidc-provider": "\([0-9.]*\)".*/\1/p' "$OIDC_PROVIDER/package.json"
  elif [ "${node:-0}" -ge 18 ]; then
    printf '8.8.1\n'
  elif [ "${node:-0}" -ge 12 ]; then
    printf '7.14.3\n'
  fi
}

oidc_provider_installed() {
  local wanted package=$OIDC_PROVIDER/node_modules/oidc-provider/package.json
  wanted=$(oidc_provider_version)
  [ -n "$wanted" ] && [ -f "$package" ] && grep -q "\"version\": \"$wanted\"" "$package"
}

CLIENTS=$ROOT/examples/clients

openid_client_installed() {
  local wanted
  wanted=$(sed -n 's/.*"openid-client": "\([0-9.]*\)".*/\1/p' "$CLIENTS/node/package.json")
  grep -qs "\"version\": \"$wanted\"" "$CLIENTS/node/node_modules/openid-client/package.json"
}

# The virtual environment with what examples/clients/python wants.
authlib_venv() {
  printf '%s/doorward-clients/python-%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}" "$(cksum <"$CLIENTS/python/requirements.txt" | tr -d ' ')"
}

authlib_installed() { "$(authlib_venv)/bin/python" -c 'import authlib, flask, requests' 2>/dev/null; }
