"""Which addresses only this machine reaches, and which requests come from its own programs."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

#: What a proxy adds, so that a request only seems to come from here: Forwarded, X-Forwarded-For, CF-Connecting-IP ...
_FORWARDED = re.compile(r".*forwarded.*|via|.*-(real|client|connecting)-ip|x-envoy-external-address")

#: What a browser says of a page of the same server, and of an address that a person typed.
_OWN_SITE = {"same-origin", "none"}

_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/@\[\]\s]+)(:(?P<port>[0-9]{1,5}))?")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def foreign(headers: Mapping[str, str]) -> str | None:
    """Return why a request to loopback may come from elsewhere; None where nothing says so.

    A proxy on this machine asks for others. A page on the internet can make a browser ask loopback, also under a name
    of its own (DNS rebinding). `headers` are by name, in lower case.
    """
    forwarded = [name for name in headers if _FORWARDED.fullmatch(name)]
    if forwarded:
        return f"the header {forwarded[0]} says that a proxy asks for somebody else"
    if not is_loopback(host_of(headers.get("host", ""))):
        return "it asks for another host than 127.0.0.1 or localhost"
    if headers.get("sec-fetch-site", "none") not in _OWN_SITE:
        return "a page of another site asks"
    origin = headers.get("origin")
    if origin is not None and not is_loopback(host_of(origin.partition("://")[2])):
        return "a page of another site asks"
    return None


def host_of(place: str) -> str:
    """Return the host in `host:port`; "" where it is none."""
    found = _HOST.fullmatch(place)
    return found["host"] if found else ""
