#!/usr/bin/env bash
# FastAPI reads the whole body before a dependency looks at the headers.
#
# Expected: Headers arrive first; a dependency of the path that looks at a header only runs before the body is read.
# Seen: Every chunk of the body is received, then the dependency runs, then the handler, also where the dependency
#   stands in the decorator and asks for nothing but a header.
# Cost: A caller without a key, or over the limit, has uploaded everything before it is told; a check by header
#   saves neither traffic nor memory.
# Instead: Look at headers in a middleware, and bound the body's size in front of the application.
# Version: FastAPI 0.165.0 with Starlette 1.10.0.
# Source: fastapi/routing.py, get_request_handler; ASGI specification, http.request events.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    fastapi==0.165.0 pydantic==2.14.3 starlette==1.10.0
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import sys
from importlib.metadata import version

from fastapi import Depends, FastAPI, Header
from pydantic import BaseModel

events = []
chunks = [b'{"amount":', b'"1.10"', b"}"]
app = FastAPI()


class Transfer(BaseModel):
    amount: str


def look_at_headers(x_key: str = Header()):
    events.append("dependency")


@app.post("/transfers", dependencies=[Depends(look_at_headers)])
def transfer(body: Transfer):
    events.append("handler")


async def receive():
    events.append("chunk")
    return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}


async def send(message):
    if message["type"] == "http.response.start":
        events.append(message["status"])


scope = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/transfers",
    "raw_path": b"/transfers",
    "root_path": "",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json"), (b"x-key", b"any")],
}
asyncio.run(app(scope, receive, send))
print("fastapi", version("fastapi"), "starlette", version("starlette"), events)
sys.exit(events != ["chunk", "chunk", "chunk", "dependency", "handler", 200])
PYTHON
