"""What the image `axllent/mailpit` does, as far as docker-compose.yml asks for it: takes every mail, counts it on a page."""

import http.server
import json
import sys
import threading
import urllib.request

from aiosmtpd.controller import Controller

PAGE = 8025
taken = []


class Catcher:
    async def handle_DATA(self, server, session, envelope):
        taken.append(envelope.rcpt_tos)
        return "250 taken"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"total": len(taken)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


if sys.argv[1:] == ["readyz"]:
    urllib.request.urlopen(f"http://127.0.0.1:{PAGE}/readyz", timeout=3)
else:
    Controller(Catcher(), hostname="0.0.0.0", port=1025).start()
    threading.Thread(target=http.server.ThreadingHTTPServer(("0.0.0.0", PAGE), Page).serve_forever).start()
