#!/usr/bin/env python3
"""Prints each webhook that arrives: what happened, and the id by which repeats are known. Usage: listen.py [PORT]"""
import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        notice = message["data"]
        title = (notice["incident"] or notice)["title"]
        line = f"{self.headers['webhook-id']}  {message['type']}  {title}: {notice['sentence']}"
        # A title may have several lines; each message is one here.
        print(" ".join(line.splitlines()), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
