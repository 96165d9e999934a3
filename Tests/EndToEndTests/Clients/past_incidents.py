"""Enters an incident of the past as an engineer would afterwards: a file of `PostMortems`, call by call."""

import json
import urllib.error
import urllib.request


class Refused(Exception):
    """The daemon said no; with the call, its body and the answer."""


class Muster:
    """Muster's API under a token, with answers as they came."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def send(self, method, path, body=None, headers=None):
        """(status, bytes) of a call; nothing is thrown for a refusal."""
        head = {"Authorization": f"Bearer {self.token}"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            head["Content-Type"] = "application/json"
        return self.answer(
            urllib.request.Request(self.url + path, method=method, data=data, headers=head | (headers or {}))
        )

    def answer(self, request):
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def upload(self, path, kind, data):
        """(status, bytes) of a call whose body is a file."""
        head = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        return self.answer(urllib.request.Request(self.url + path, method="POST", data=data, headers=head))

    def ask(self, method, path, body=None):
        """The answer's JSON, or what was refused."""
        status, data = self.send(method, path, body)
        if status >= 300:
            raise Refused(f"{method} {path} {json.dumps(body)}: {status} {data.decode()}")
        return json.loads(data) if data else None

    def text(self, path):
        status, data = self.send("GET", path)
        if status != 200:
            raise Refused(f"GET {path}: {status} {data.decode()}")
        return data.decode()


def filled(value, names):
    """The value with `{name}` as the number that this name stands for."""
    if isinstance(value, dict):
        return {key: filled(item, names) for key, item in value.items()}
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return names[value[1:-1]]
    return value


def number_of(answer, path):
    """What later calls name it by: a cause by its entry, anything else by its id."""
    if path == "/cause":
        return max(cause["entry"] for cause in answer["hypotheses"])
    return answer["id"]


def put_catalog(muster, components):
    for component in components:
        slug = component["slug"]
        muster.ask("PUT", f"/v1/components/{slug}", {key: value for key, value in component.items() if key != "slug"})


def enter(muster, story):
    """The incident's number. Components come first, then its calls in the order of the file, then the review."""
    put_catalog(muster, story["catalog"])
    number = muster.ask("POST", "/v1/incidents", story["open"])["number"]
    base, names = f"/v1/incidents/{number}", {}
    for method, path, body, *name in story["calls"]:
        for key, value in names.items():
            path = path.replace("{" + key + "}", str(value))
        answer = muster.ask(method, base + path, filled(body, names))
        if name:
            names[name[0]] = number_of(answer, path)
    at = {"occurred_at": story["reviewed_at"]}
    muster.ask("POST", base + "/review", at)
    written = [{"id": key, "markdown": text} for key, text in story["review"].items()]
    muster.ask("PUT", base + "/review", {"sections": written} | at)
    if story.get("public"):
        muster.ask("PUT", base + "/review/public", story["public"])
    return number
