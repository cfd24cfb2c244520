"""What the SDK says to the server: watched at the transport, without changing the SDK.

Two tests live on it. The table of operations asks which ones were sent at all, and the comparison of both doors asks
the command line for exactly the export that the SDK asked for.
"""

import json
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import requests

SIGNATURE = re.compile(r"signature=([^&]+)")
# Texts of bodies that are long enough to be no word of ours, such as names of rows, answers and GraphQL texts.
STRINGS = re.compile(r'"((?:[^"\\]|\\.){24,})"')
# The texts of so many bodies say as much as those of all.
SECRETS_NOTED = 5_000
# How much of a body is searched for such texts.
BODY_READ = 100_000
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|[{}()]')


def operations(text: str) -> list[str]:
    """The fields of a GraphQL text, as `field` at the root and `field.field` below it."""
    found = []
    depth = arguments = 0
    root = ""
    is_head = True
    for token in TOKEN.findall(text):
        if token in "()":
            arguments += 1 if token == "(" else -1
        elif arguments:
            continue
        elif token in "{}":
            depth += 1 if token == "{" else -1
            is_head = False
        elif is_head or token.startswith('"'):
            continue
        elif depth == 1:
            root = token
            found.append(root)
        elif depth == 2:
            found.append(f"{root}.{token}")
    return found


class Traffic:
    """Every operation that was sent, and the last export that was asked for."""

    def __init__(self) -> None:
        self.operations: set[str] = set()
        self.statuses: set[int] = set()
        # What was sent and must not be in the log of a server.
        self.secrets: set[str] = set()
        self._exports: list[tuple[str, dict]] = []
        self._send: Callable = requests.Session.send

    def watch(self) -> None:
        traffic, send = self, self._send

        def watched(session: requests.Session, request: requests.PreparedRequest, **kwargs) -> requests.Response:
            traffic.see(request)
            response = send(session, request, **kwargs)
            traffic.statuses.add(response.status_code)
            return response

        requests.Session.send = watched

    def leave(self) -> None:
        requests.Session.send = self._send

    def see(self, request: requests.PreparedRequest) -> None:
        self.note_secrets(request)
        path = urlsplit(request.url).path
        if path not in ("/graphql", "/_gql"):
            self.operations.add(f"{request.method} {rest_name(path)}")
            return
        text, variables = query_of(request)
        names = operations(text)
        self.operations.update(names)
        for name in names:
            if name.startswith("exportDataRowsIn") and "." not in name:
                self._exports.append((name, variables["input"]))

    def note_secrets(self, request: requests.PreparedRequest) -> None:
        """Notes keys, signatures and pieces of bodies."""
        found = SIGNATURE.findall(request.url)
        found.append(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if len(self.secrets) < SECRETS_NOTED:
            body = request.body[:BODY_READ] if isinstance(request.body, (bytes, str)) else b""
            found += STRINGS.findall(body if isinstance(body, str) else body.decode(errors="ignore"))
        # Some tests send an empty key or a blank, which are no secrets.
        self.secrets.update([text for text in found if len(text) >= 8])

    def last_export(self) -> tuple[str, dict]:
        """The mutation and the input of the export that was started last."""
        return self._exports[-1]


def query_of(request: requests.PreparedRequest) -> tuple[str, dict]:
    """The text and the variables of a request in JSON or in parts; nothing of a request that is neither."""
    body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
    start = body.find(b"{", max(0, body.find(b'name="operations"')))
    try:
        asked = json.JSONDecoder().raw_decode(body[start:].decode("utf-8", "replace"))[0]
        return str(asked["query"]), asked.get("variables") or {}
    except (ValueError, LookupError, RecursionError):
        # Bad input of a test: no operation.
        return "", {}


def rest_name(path: str) -> str:
    """A path with `{id}` where it names an object."""
    for root in ("/api/v1", "/adv/adv/v1"):
        if path.startswith(root + "/"):
            parts = path[len(root) + 1 :].split("/")
            return f"{root}/{parts[0]}" + "/{id}" * (len(parts) - 1)
    return path
