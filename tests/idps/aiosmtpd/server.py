"""A mail server on the library aiosmtpd: STARTTLS or TLS, authentication, and a file for each letter that it takes.

FOLDER       letters come into FOLDER/mail: 1.json, 2.json, ..
HOST, PORT   where it listens
TLS          starttls (required before anything else) | offered | implicit | none
NAME, PASSWORD   who may send; nobody has to say who they are without them
CERTIFICATE, KEY   PEM files
"""

import json
import os
import signal
import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

FOLDER = os.path.join(os.environ["FOLDER"], "mail")
TLS = os.environ.get("TLS", "starttls")


class Keep:
    count = 0

    async def handle_DATA(self, server, session, envelope):
        Keep.count += 1
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or TLS == "implicit",
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "raw": envelope.content.decode("utf-8"),
        }
        draft = os.path.join(FOLDER, "draft")
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(letter, file)
        os.rename(draft, os.path.join(FOLDER, f"{Keep.count}.json"))
        return "250 kept"


def check(server, session, envelope, mechanism, data):
    said = (data.login.decode(), data.password.decode())
    good = said == (os.environ["NAME"], os.environ["PASSWORD"])
    return AuthResult(success=good, handled=good, auth_data=data)


def main():
    os.makedirs(FOLDER)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(os.environ["CERTIFICATE"], os.environ["KEY"])
    options = {"enable_SMTPUTF8": True}
    if TLS in ("starttls", "offered"):
        options.update(tls_context=tls, require_starttls=TLS == "starttls")
    if os.environ.get("NAME"):
        options.update(authenticator=check, auth_required=True, auth_require_tls=TLS in ("starttls", "offered"))
    context = tls if TLS == "implicit" else None
    server = Controller(Keep(), hostname=os.environ["HOST"], port=int(os.environ["PORT"]), ssl_context=context, **options)
    server.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop()


main()
