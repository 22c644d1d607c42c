"""A SAML identity provider on pysaml2. The library reads, checks, makes, signs and encrypts every message; this file has the pages:
/metadata /sso /slo, /initiate?RelayState=.. (a sign-in that nobody asked for) and
/logout?RelayState=URL (ends the session here and at the service, and goes to the URL)."""
import functools
import html
import json
import os
import secrets
import shutil
import sys
import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import saml2.entity
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, saml, samlp, time_util, xmldsig
from saml2.attribute_converter import AttributeConverter
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.s_utils import error_status_factory
from saml2.server import Server
from saml2.sigver import pre_encryption_part, verify_redirect_signature

BASE, FOLDER = os.environ["BASE"], Path(os.environ["FOLDER"])
PEOPLE = json.loads(Path(os.environ["PEOPLE"]).read_text(encoding="utf-8"))
DEFAULTS = json.loads(Path(os.environ["DEFAULTS"]).read_text())
BINDINGS = {"redirect": BINDING_HTTP_REDIRECT, "post": BINDING_HTTP_POST}
FORMATS = {"persistent": saml.NAMEID_FORMAT_PERSISTENT, "email": saml.NAMEID_FORMAT_EMAILADDRESS, "transient": saml.NAMEID_FORMAT_TRANSIENT}
SIGNATURES = {"rsa-sha1": xmldsig.SIG_RSA_SHA1, "rsa-sha256": xmldsig.SIG_RSA_SHA256, "rsa-sha512": xmldsig.SIG_RSA_SHA512}
# A second key is published before it signs; later the second signs, and the first stays published for a while.
ROTATION = {"none": [1], "announced": [1, 2], "promoted": [2, 1], "over": [2]}
PLAIN = ["uid", "mail", "displayName", "givenName", "sn", "employeeNumber", "groups"]
PAGE = """<!doctype html><meta charset=utf-8><title>Sign in</title><h1>Sign in</h1><p role=alert>%s</p>
<form method=post action=/login><input type=hidden name=ticket value="%s"><input name=username autofocus>
<input name=password type=password><button>Sign in</button></form>"""

# The library's own choice is Triple DES. xmlsec1 does the work here as there.
saml2.entity.pre_encryption_part = functools.partial(pre_encryption_part, msg_enc="http://www.w3.org/2009/xmlenc11#aes256-gcm")


class Provider:
    """The library, set up as settings.json and sp.xml say."""

    def __init__(self, settings, service):
        self.settings = DEFAULTS | json.loads(settings or "{}")
        first, *others = ROTATION[self.settings["rotation"]]
        service_metadata = {"inline": [service]} if service else {}
        self.config = IdPConfig().load({
            "entityid": f"{BASE}/idp", "xmlsec_binary": shutil.which("xmlsec1"), "metadata": service_metadata,
            "key_file": f"{first}.key", "cert_file": f"{first}.crt", "additional_cert_files": [f"{n}.crt" for n in others],
            "service": {"idp": {
                "endpoints": {f"single_{what}_service": [(f"{BASE}/{path}", b) for b in BINDINGS.values()]
                              for what, path in (("sign_on", "sso"), ("logout", "slo"))},
                "name_id_format": list(FORMATS.values()), "want_authn_requests_signed": self.settings["want_signed_requests"],
                "signing_algorithm": SIGNATURES[self.settings["signature"]],
                "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": self.name_form()}}}}})
        self.config.context = "idp"
        plain = AttributeConverter()
        plain.from_dict({"identifier": saml.NAME_FORMAT_BASIC, "to": {name: name for name in PLAIN}})
        if not self.oid():
            self.config.attribute_converters = [plain]
        self.server = Server(config=self.config)
        self.server.sec.encrypt_assertion = functools.partial(self.server.sec.encrypt_assertion, key_type="aes-256")

    def oid(self):
        return self.settings["attribute_names"] == "oid"

    def name_form(self):
        return saml.NAME_FORMAT_URI if self.oid() else saml.NAME_FORMAT_BASIC

    def attributes(self, login):
        person = PEOPLE[login]
        values = [login, person["email"], person["name"], person["given"], person["family"], person["sub"], person["groups"]]
        names = PLAIN[:-1] + ["isMemberOf" if self.oid() else "groups"]
        return {name: value for name, value in zip(names, values) if value}

    def name_id(self, session, service, wanted):
        """In the format that the request asks for, else in that of the settings; the same throughout a session."""
        format = wanted if wanted in FORMATS.values() else FORMATS[self.settings["name_id"]]
        person = PEOPLE[session["login"]]
        text = {FORMATS["email"]: person["email"], FORMATS["persistent"]: person["sub"]}.get(format, secrets.token_hex(16))
        new = saml.NameID(format=format, text=text, name_qualifier=f"{BASE}/idp", sp_name_qualifier=service)
        return session["name_ids"].setdefault(format, new)

    def response(self, session, question):
        """The answer to a question, or a volunteered one."""
        wanted, s = question["name_id_policy"], self.settings
        service = question["sp_entity_id"]
        name_id = self.name_id(session, service, wanted and wanted.format)
        response = self.server.create_authn_response(
            self.attributes(session["login"]), question["in_response_to"], question["destination"], service, name_id=name_id, name_id_policy=wanted,
            authn={"class_ref": saml.AUTHN_PASSWORD_PROTECTED, "authn_auth": BASE}, session_not_on_or_after=time_util.in_a_while(hours=8),
            sign_assertion=s["sign_assertion"], sign_response=s["sign_response"], encrypt_assertion=s["encrypt"],
            sign_alg=SIGNATURES[s["signature"]], digest_alg=xmldsig.DIGEST_SHA1 if s["signature"] == "rsa-sha1" else xmldsig.DIGEST_SHA256)
        [statement] = self.server.session_db.get_authn_statements(name_id)[-1]
        session |= {"service": service, "name_id": name_id}
        session["indexes"].append(statement.session_index)
        return response

    def logout_binding(self):
        return BINDINGS[self.settings["logout_binding"]]

    def signs_itself(self):
        """By POST the signature is within the message, by Redirect beside it."""
        alg = {"sign_alg": SIGNATURES[self.settings["signature"]], "digest_alg": xmldsig.DIGEST_SHA256}
        return alg | {"sign": self.logout_binding() == BINDING_HTTP_POST}

    def check_logout_response(self, query, binding):
        answer = self.server.parse_logout_request_response(query["SAMLResponse"], binding)
        if binding == BINDING_HTTP_REDIRECT:
            certificates = self.server.metadata.certs(answer.response.issuer.text, "any", "signing")
            if "Signature" not in query or not any(verify_redirect_signature(query, self.server.sec.sec_backend, c) for _, c in certificates):
                raise ValueError("the answer to the logout is not signed")


SESSIONS, TICKETS = {}, {}
LOCK, SEEN = threading.Lock(), [None, None]


def provider():
    """Set up anew when a file has changed."""
    files = [path.read_text(encoding="utf-8") if path.exists() else "" for path in (FOLDER / "settings.json", FOLDER / "sp.xml")]
    with LOCK:
        if SEEN[0] != files:
            SEEN[:] = files, Provider(*files)
        return SEEN[1]


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(urlsplit(self.path).query, BINDING_HTTP_REDIRECT)

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers.get("content-length") or 0)).decode(), BINDING_HTTP_POST)

    def answer(self, encoded, binding):
        path, query = urlsplit(self.path).path, dict(parse_qsl(encoded))
        cookie = SimpleCookie(self.headers.get("cookie", "")).get("idp")
        self.sid = cookie.value if cookie else ""
        page = getattr(self, "page_" + path[1:], None)
        if not page:
            return self.send(404, "There is no such page.")
        try:
            page(provider(), query, binding)
        except Exception as error:  # whatever is wrong with a message, the library raises; a person sees a page
            print(f"{path}: {error!r}", file=sys.stderr, flush=True)
            self.send(400, html.escape(f"{type(error).__name__}: {error}"))

    def page_metadata(self, idp, query, binding):
        self.send(200, str(entity_descriptor(idp.config)), "application/samlmetadata+xml")

    def page_sso(self, idp, query, binding):
        request = idp.server.parse_authn_request(query["SAMLRequest"], binding, *self.signature(query)).message
        question = idp.server.response_args(request) | {"relay_state": query.get("RelayState", "")}
        if self.sid in SESSIONS and request.force_authn != "true":
            return self.respond(idp, question)
        if request.is_passive == "true":
            status = samlp.STATUS_NO_PASSIVE, "nobody is signed in"
            response = idp.server.create_error_response(question["in_response_to"], question["destination"], status, sign=True)
            return self.depart(idp, BINDING_HTTP_POST, response, question["destination"], question["relay_state"], True)
        self.ask(question)

    def page_initiate(self, idp, query, binding):
        [service] = idp.server.metadata.service_providers()
        there = idp.server.metadata.assertion_consumer_service(service, BINDING_HTTP_POST)[0]["location"]
        question = {"in_response_to": None, "destination": there, "sp_entity_id": service, "name_id_policy": None}
        question["relay_state"] = query.get("RelayState", "")
        return self.respond(idp, question) if self.sid in SESSIONS else self.ask(question)

    def page_login(self, idp, query, binding):
        person = PEOPLE.get(query.get("username"))
        if not person or person["password"] != query.get("password"):
            return self.send(401, PAGE % ("Wrong name or password", html.escape(query["ticket"])))
        question = TICKETS.pop(query["ticket"])
        self.sid = secrets.token_hex(16)
        SESSIONS[self.sid] = {"login": query["username"], "name_ids": {}, "indexes": []}
        self.respond(idp, question)

    def page_slo(self, idp, query, binding):
        if "SAMLResponse" in query:
            idp.check_logout_response(query, binding)
            return self.send(303, "", location=query["RelayState"])  # where /logout was told to end
        request = idp.server.parse_logout_request(query["SAMLRequest"], binding, *self.signature(query)).message
        session, status = SESSIONS.get(self.sid), None
        names = [name_id.text for name_id in session["name_ids"].values()] if session else []
        if request.name_id.text in names and any(index.text in session["indexes"] for index in request.session_index):
            del SESSIONS[self.sid]
        else:
            status = error_status_factory((samlp.STATUS_UNKNOWN_PRINCIPAL, "no such session"))
        response = idp.server.create_logout_response(request, [idp.logout_binding()], status, **idp.signs_itself())
        there = idp.server.pick_binding("single_logout_service", [idp.logout_binding()], "spsso", request)[1]
        self.depart(idp, idp.logout_binding(), response, there, query.get("RelayState", ""), True)

    def page_logout(self, idp, query, binding):
        session = SESSIONS.pop(self.sid)
        there = idp.server.pick_binding("single_logout_service", [idp.logout_binding()], "spsso", entity_id=session["service"])[1]
        _, request = idp.server.create_logout_request(
            there, session["service"], name_id=session["name_id"], session_indexes=session["indexes"], expire=time_util.in_a_while(minutes=5),
            **idp.signs_itself())
        self.depart(idp, idp.logout_binding(), request, there, query.get("RelayState", ""), False)

    def signature(self, query):
        return [query.get(name) for name in ("RelayState", "SigAlg", "Signature")]

    def ask(self, question):
        ticket = secrets.token_hex(16)
        TICKETS[ticket] = question
        self.send(200, PAGE % ("", ticket))

    def respond(self, idp, question):
        response = idp.response(SESSIONS[self.sid], question)
        self.depart(idp, BINDING_HTTP_POST, response, question["destination"], question["relay_state"], True)

    def depart(self, idp, binding, message, there, relay_state, is_response):
        """Sends the browser to the service, with a message."""
        redirect = binding == BINDING_HTTP_REDIRECT
        info = idp.server.apply_binding(binding, str(message), there, relay_state, is_response, sign=redirect, sigalg=SIGNATURES[idp.settings["signature"]])
        if redirect:
            return self.send(303, "", location=dict(info["headers"])["Location"])
        self.send(200, info["data"])

    def send(self, status, text, kind="text/html; charset=utf-8", location=None):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if location:
            self.send_header("location", location)
        if self.sid:
            self.send_header("set-cookie", f"idp={self.sid}; HttpOnly; Path=/; SameSite=Lax")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


provider()
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Pages).serve_forever()
