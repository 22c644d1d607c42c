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

SIMPLESAMLPHP=/usr/share/simplesamlphp

CLIENTS=$ROOT/examples/clients

openid_client_installed() {
  local wanted
  wanted=$(sed -n 's/.*"openid-client": "\([0-9.]*\)".*/\1/p' "$CLIENTS/node/package.json")
  grep -qs "\"version\": \"$wanted\"" "$CLIENTS/node/node_modules/openid-client/package.json"
}

# The virtual environments with what examples/clients/python, tests/idps/pysaml2 and tests/idps/aiosmtpd want: outside the clone, so that the next one finds
# them; named after what is in them.
authlib_venv() { venv_of python "$CLIENTS/python/requirements.txt"; }

authlib_installed() { "$(authlib_venv)/bin/python" -c 'import authlib, flask, requests' 2>/dev/null; }

PYSAML2=$ROOT/tests/idps/pysaml2

pysaml2_venv() { venv_of pysaml2 "$PYSAML2/requirements.txt"; }

pysaml2_installed() { "$(pysaml2_venv)/bin/python" -c 'import saml2' 2>/dev/null; }

AIOSMTPD=$ROOT/tests/idps/aiosmtpd

aiosmtpd_venv() { venv_of aiosmtpd "$AIOSMTPD/requirements.txt"; }

aiosmtpd_installed() { "$(aiosmtpd_venv)/bin/python" -c 'import aiosmtpd' 2>/dev/null; }

venv_of() { printf '%s/doorward-clients/%s-%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}" "$1" "$(cksum <"$2" | tr -d ' ')"; }

# install_python NAME REQUIREMENTS: with NAME_venv and NAME_installed. Moved into place whole, so that two runs at once are safe.
install_python() {
  local venv stage
  "$1_installed" && return
  venv=$("$1_venv")
  stage=$venv.$$
  if ! python3 -c 'import sys; assert sys.version_info >= (3, 10); import ensurepip, venv' 2>/dev/null; then
    say "SKIP $1: it needs Python 3.10 or newer with venv (here: $(python3 --version 2>/dev/null || echo none))."
    return
  fi
  say "Installing $1"
  mkdir -p "$(dirname "$venv")"
  if python3 -m venv "$stage" && "$stage/bin/python" -m pip install --quiet --disable-pip-version-check -r "$2" </dev/null >&2; then
    "$1_installed" || { rm -rf "$venv" && mv "$stage" "$venv"; }
  else
    say "SKIP $1: pip could not install it"
  fi
  rm -rf "$stage"
}
