"""Signs people in through Doorward, with Authlib and Flask. Python 3.10 or newer.

    pip install -r requirements.txt
    ISSUER=https://sso.example.com/t/acme CLIENT_ID=… CLIENT_SECRET=… PORT=3000 python app.py

With the issuer of the installation, ORGANIZATION=acme names the tenant; without it Doorward asks for the e-mail address.
"""

import os
import secrets
import sys

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, jsonify, redirect, request, session
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.serving import make_server

missing = [name for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET") if not os.environ.get(name)]
if missing:
    sys.exit(f"not set: {', '.join(missing)}")
ISSUER, PORT = os.environ["ISSUER"], int(os.environ.get("PORT", "3000"))
APP = f"http://127.0.0.1:{PORT}"
TENANT = {"tenant": os.environ["ORGANIZATION"]} if os.environ.get("ORGANIZATION") else {}

app = Flask(__name__)
app.config.update(SECRET_KEY=os.urandom(32), SESSION_COOKIE_SAMESITE="Lax")  # and SESSION_COOKIE_SECURE, on https
doorward = OAuth(app).register(
    "doorward",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile email groups offline_access", "code_challenge_method": "S256"},
)

# Who is signed in, by the id in Flask's cookie: that one is signed, not sealed, so it holds no token. Your application has a
# database for this.
people = {}


@app.get("/")
def who_am_i():
    person = people.get(session.get("id"))
    if person is None:
        return jsonify(signed_in=False)
    return jsonify(signed_in=True, user=person["user"], expires_at=person["token"]["expires_at"])


@app.get("/login")
def login():
    return doorward.authorize_redirect(f"{APP}/callback", **TENANT)  # makes state, nonce and PKCE verifier


@app.get("/callback")
def callback():
    if request.args.get("iss") != ISSUER:  # RFC 9207; Authlib leaves it to you
        raise OAuthError("wrong_issuer")
    # Checks state, the ID token, its issuer and nonce; sends the PKCE verifier.
    token = doorward.authorize_access_token(claims_options={"iss": {"essential": True, "value": ISSUER}})
    people.pop(session.get("id"), None)
    session.clear()
    session["id"] = secrets.token_urlsafe(32)  # a new id: whoever knew the old one gains nothing
    people[session["id"]] = {"token": token, "user": user_of(token, token["userinfo"]["sub"])}
    return redirect("/")


@app.get("/refresh")
def refresh():
    # Each refresh token is good for one use: the person is put aside meanwhile, and gone if Doorward refuses.
    person = people.pop(session.get("id"), None)
    if person is None:
        return redirect("/login")
    old = person["token"]
    new = doorward.fetch_access_token(grant_type="refresh_token", refresh_token=old["refresh_token"])
    token = {**old, **new}  # the new refresh token with it
    people[session["id"]] = {"token": token, "user": user_of(token, person["user"]["sub"])}
    return redirect("/")


@app.get("/logout")
def logout():
    """Ends the session here, and then at Doorward."""
    person = people.pop(session.get("id"), None)
    session.clear()
    if person is None:
        return redirect("/")
    return doorward.logout_redirect(f"{APP}/", id_token_hint=person["token"]["id_token"])


def user_of(token, sub):
    """The person as Doorward knows them now, who must be the one who signed in."""
    user = doorward.userinfo(token=token)
    if user["sub"] != sub:
        raise OAuthError("another_person")
    return user


@app.errorhandler(OAuthError)  # refused by Doorward, or a state that is not this browser's
@app.errorhandler(JoseError)  # an ID token that does not hold
def failed(error):
    return jsonify(error=error.error), 400


@app.errorhandler(RequestException)
def unreachable(error):
    app.logger.error("no Doorward answers at %s: %s", ISSUER, error)
    return jsonify(error="doorward_unreachable"), 502


if __name__ == "__main__":
    server = make_server("127.0.0.1", PORT, app, threaded=True)  # for trying out; a real one is behind a WSGI server
    print(f"READY {APP}", flush=True)
    server.serve_forever()
