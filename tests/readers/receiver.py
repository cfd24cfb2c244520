"""A receiver of webhooks, as a process of its own: it checks signatures with the library of Standard Webhooks.

`receiver.py SECRET FILE FAULT...` answers the first calls with the faults named, and the others as it should. What it has
checked and taken it appends to the file, an event a line. It prints its port.
"""

import json
import socket
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

SECRET, FILE, FAULTS = sys.argv[1], sys.argv[2], sys.argv[3:]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802, the name of the standard library
        body = self.rfile.read(int(self.headers["content-length"]))
        fault = FAULTS.pop(0) if FAULTS else "none"
        if fault == "reset":
            # Closing with this option sends a reset instead of the end of the stream.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if fault == "garbage":
            self.wfile.write(b"\0\xff moon\r\n\r\n")
            return
        if fault == "slow":
            time.sleep(11)
        try:
            event = Webhook(SECRET).verify(body, dict(self.headers.items()))
        except WebhookVerificationError as error:
            event, fault = {"error": str(error)}, "none"
        if fault in ("none", "slow", "taken"):
            with open(FILE, "a") as kept:
                kept.write(json.dumps({"id": self.headers["webhook-id"], "event": event}) + "\n")
        self.send_response({"error": 500, "redirect": 302, "taken": 503}.get(fault, 204))
        if fault == "redirect":
            self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
