"""What every client here shares: it takes steps in the order of its arguments, and prints one JSON line for each."""

import json
import sys
import traceback
import urllib.request


def run(make):
    """`client.py URL KEY STEP...`: makes the client, and calls its method of each step's name.

    What a method returns is printed; what it throws, too, as the client's user would see it.
    """
    url, key, *names = sys.argv[1:]
    client = make(url, key)
    for name in names:
        line = {"step": name}
        try:
            line["value"] = getattr(client, name)()
        except Exception as error:  # A stranger's library throws what it likes.
            traceback.print_exc()
            line["error"] = type(error).__name__
            line["status"] = status(error)
        print(json.dumps(line), flush=True)


class API:
    """Muster's own API under a token."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def ask(self, method, path, body=None):
        """The answer's JSON; a refusal is thrown."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if method == "GET" else json.dumps(body or {}).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


def status(error):
    """The status that an error tells of, wherever the library keeps it."""
    response = getattr(error, "response", None)
    for holder, name in ((error, "status"), (response, "status_code"), (error, "code")):
        value = getattr(holder, name, None)
        if isinstance(value, int):
            return value
    return None
