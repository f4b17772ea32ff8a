#!/usr/bin/env bash
# jgo keeps the half of a jar that a lost connection left, and takes it for the whole one from then on.
#
# Expected: A download that raises leaves nothing behind, as with Maven, and the next resolve() fetches the file again.
# Seen: The first resolve() raises ChunkedEncodingError, as it should; the second one returns the half that is in the
#   repository, without a word, without asking the server and without comparing the .sha1 that the server has.
# Cost: One lost connection spoils ~/.m2/repository, for Maven, too, until somebody deletes the file by hand.
# Instead: Give each attempt a repo_cache of its own, compare a digest of your own, and only then move the files.
# Version: jgo 3.2.0.
# Source: jgo writes to the final path while it downloads, and looks only whether a file is there.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check jgo==3.2.0
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import hashlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import requests
from jgo.maven import MavenContext

JAR = bytes(range(256)) * 64
asked = []


class Repository(BaseHTTPRequestHandler):
    """Serves one jar and its digest, and loses the first connection half way."""

    def do_GET(self):
        asked.append(self.path)
        digest = self.path.endswith(".sha1")
        content = hashlib.sha1(JAR).hexdigest().encode() if digest else JAR
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if len(asked) == 1 else content)

    def log_message(self, *args):
        pass


print("jgo", version("jgo"))
server = ThreadingHTTPServer(("127.0.0.1", 0), Repository)
threading.Thread(target=server.serve_forever, daemon=True).start()
context = MavenContext(repo_cache=Path("repository"), remote_repos={"here": f"http://127.0.0.1:{server.server_port}"})
jar = context.project("example", "app").at_version("1").artifact()
try:
    jar.resolve()
    first = "a file"
except requests.RequestException as error:
    first = type(error).__name__
requests_before = len(asked)
second = jar.resolve().read_bytes()
print("first:", first, "- second:", len(second), "of", len(JAR), "bytes, asked again:", len(asked) > requests_before)
sys.exit(not (first == "ChunkedEncodingError" and second == JAR[: len(JAR) // 2] and len(asked) == requests_before))
PYTHON
