"""Clients that keep their connections and reconnect only when they are told to, as HTTP says: reads and writes until a
file appears. Prints what it counted as JSON; every answer that is not 2xx and every broken connection is a failure."""

import http.client
import json
import os
import sys
import threading
import time

ADDRESS, TOKEN, INCIDENT, STOP = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

lock = threading.Lock()
counts = {"requests": 0, "writes": 0, "reconnections": 0, "longest": 0.0}
failures = []


def one(connection, number, turn):
    if turn % 3 == 0:
        text = f"client {number} turn {turn}"
        connection.request("POST", f"/v1/incidents/{INCIDENT}/notes", json.dumps({"text": text}), HEADERS)
    else:
        connection.request("GET", f"/v1/incidents/{INCIDENT}", headers=HEADERS)
    response = connection.getresponse()
    body = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{response.status} {body[:200]!r}")
    return response.getheader("Connection") == "close"


def client(number):
    connection = http.client.HTTPConnection(ADDRESS, timeout=60)
    turn = 0
    while not os.path.exists(STOP):
        turn += 1
        begin = time.monotonic()
        try:
            closes = one(connection, number, turn)
        except Exception as error:
            with lock:
                failures.append(f"client {number} turn {turn}: {type(error).__name__}: {error}")
            connection.close()
            continue
        with lock:
            counts["requests"] += 1
            counts["writes"] += turn % 3 == 0
            counts["longest"] = max(counts["longest"], time.monotonic() - begin)
            counts["reconnections"] += closes
        if closes:
            connection.close()
        # Some are busy all the time, and some are silent between their requests.
        time.sleep(0.001 if number % 2 else 0.1)


threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({**counts, "failed": len(failures), "failures": failures[:10]}))
sys.exit(1 if failures else 0)
