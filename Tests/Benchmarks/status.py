#!/usr/bin/env python3
"""`make bench`: the public page during an outage, beside nginx, which serves the same bytes from disk with one worker.

Both get the same requests from wrk in turns, as they are and by gzip. Then, under that load: how long after a commit's answer every
daemon shows it. Then with PostgreSQL stopped: how many requests fail, and what a cache in front asks for. Settings, by environment:
    BENCH_SECONDS=4      how long each measurement takes     BENCH_ROUNDS=3   how often each is repeated
    BENCH_REQUESTS=100000  how many are sent while PostgreSQL is stopped
    BENCH_STRICT=1       exit with 1 when a limit is missed  BENCH_DAEMON=... another musterd than the release build

Like every bench it prints what it measured, a line each, to standard output.
"""

import concurrent.futures
import contextlib
import glob
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error

from machine import OUTPUT, ROOT, Daemon, cpu_seconds, exit_status, free_port, serving, wrk

sys.path.append(f"{ROOT}/Tests/EndToEndTests/Clients")
from public_platform import Platform, fetch  # noqa: E402

SECONDS = int(os.environ.get("BENCH_SECONDS", 4))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", 100_000))
# What the daemon should reach of nginx's rate, and by when a commit should be seen, in seconds.
RATIO, SEEN = 0.8, 1.0
PATHS = {"/status": "text/html; charset=utf-8", "/api/v2/summary.json": "application/json"}
# By what ends the name of the file in that coding.
CODINGS = {"identity": "", "gzip": ".gz"}
COMMITS = 10
# What both say beside the bytes.
FIELDS = {"cache-control", "vary", "content-security-policy", "x-content-type-options", "referrer-policy",
          "access-control-allow-origin"}

# What both configurations of nginx begin with: everything that it writes goes into its own folder.
COMMON = """
worker_processes 1;
daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log crit;
events {{ worker_connections 1024; }}
http {{
    keepalive_requests 1000000000;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
"""
FILES = COMMON + """
    access_log off;
    sendfile on;
    tcp_nopush on;
    gzip_static on;
    open_file_cache max=100;
    server {{
        listen 127.0.0.1:{port};
        root {place}/files;
{locations}
    }}
}}
"""
CACHE = COMMON + """
    access_log off;
    proxy_cache_path {place}/cache keys_zone=status:1m max_size=50m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{origin};
            proxy_cache status;
            proxy_cache_lock on;
            proxy_cache_revalidate on;
            proxy_cache_background_update on;
            proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
        }}
    }}
}}
"""


def find_nginx():
    """The machine's nginx, or Debian's, unpacked and not installed: its package would start a server for the world."""
    unpacked = f"{ROOT}/.build/tools/nginx"
    for program in (shutil.which("nginx"), "/usr/sbin/nginx", f"{unpacked}/usr/sbin/nginx"):
        if program and os.path.exists(program):
            return program
    os.makedirs(unpacked, exist_ok=True)
    fetched = subprocess.run(["apt-get", "-q", "download", "nginx"], cwd=unpacked, capture_output=True, text=True)
    packages = glob.glob(f"{unpacked}/nginx_*.deb")
    if not packages:
        raise SystemExit(f"bench: no nginx here, and it cannot be fetched: {fetched.stderr[-600:]}")
    subprocess.run(["dpkg", "-x", packages[0], unpacked], check=True)
    return f"{unpacked}/usr/sbin/nginx"


@contextlib.contextmanager
def running(place, text):
    """nginx by a configuration."""
    with open(f"{place}/nginx.conf", "w") as file:
        file.write(text)
    with open(f"{OUTPUT}/nginx.log", "w") as log:
        process = subprocess.Popen([find_nginx(), "-p", place, "-c", f"{place}/nginx.conf"], stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def directory():
    place = tempfile.mkdtemp(prefix="muster-nginx-")
    try:
        os.chmod(place, 0o755)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def nginx(daemon):
    """nginx with what the daemon answers now: its bytes in both codings, its type and its header fields."""
    port = free_port()
    settled(daemon)
    with directory() as place:
        locations = []
        for path, media in PATHS.items():
            file = f"{place}/files{path}.bytes"
            os.makedirs(os.path.dirname(file), exist_ok=True)
            for coding, ending in CODINGS.items():
                _, headers, body = fetch(f"{daemon.url}{path}", {"Accept-Encoding": coding})
                with open(file + ending, "wb") as copy:
                    copy.write(body)
            fields = {name: value for name, value in headers.items() if name.lower() in FIELDS}
            lines = "".join(f'            add_header {name} "{value}";\n' for name, value in fields.items())
            locations.append(f"        location = {path} {{\n            types {{ }}\n            default_type \"{media}\";\n"
                             f"{lines}            try_files {path}.bytes =404;\n        }}")
        with running(place, FILES.format(place=place, port=port, locations="\n".join(locations))) as process:
            for path in PATHS:
                same(f"{daemon.url}{path}", f"http://127.0.0.1:{port}{path}")
            yield process, port


def settled(daemon):
    """Waits until the page follows what was done, and is not about to be rendered anew, as it is at each full minute."""
    while 56 < time.time() % 60 or time.time() % 60 < 3:
        time.sleep(0.2)
    for _ in range(30):
        before = [answer(f"{daemon.url}{path}", "gzip") for path in PATHS]
        time.sleep(1.2)  # It looks once a second at least.
        if before == [answer(f"{daemon.url}{path}", "gzip") for path in PATHS]:
            return
    raise SystemExit("bench: the page changes all the time")


def same(ours, theirs):
    """Both answer the same bytes in both codings, or the comparison would be of different work."""
    for coding in CODINGS:
        found = [answer(url, coding) for url in (ours, theirs)]
        if found[0] != found[1]:
            raise SystemExit(f"bench: nginx and the daemon answer different bytes for {ours} ({coding}); the minute changed, run it again")


def answer(url, coding):
    """What is answered, once it listens."""
    for _ in range(250):
        try:
            _, headers, body = fetch(url, {"Accept-Encoding": coding})
            return headers.get("Content-Encoding"), body
        except urllib.error.URLError:
            time.sleep(0.02)
    raise SystemExit(f"bench: nothing listens at {url}; {OUTPUT}/nginx.log may say why")


def read(url, connections, seconds, coding="gzip"):
    """What wrk measured of a page that it reads."""
    return wrk("small", url, connections, seconds, {"BENCH_METHOD": "GET", "BENCH_ACCEPT_ENCODING": coding})


def measured(process, url, coding, connections):
    before = cpu_seconds(process)
    result = read(url, connections, SECONDS, coding)
    if result["failed"]:
        raise SystemExit(f"bench: {result['failed']} requests of {url} failed")
    return result["rate"], (cpu_seconds(process) - before) / result["answered"] * 1e6


def beside_nginx(daemon, judge):
    print(f"\nThe public page, a platform-wide outage{'':11}daemon/s   CPU us    nginx/s   CPU us   of nginx")
    for path in PATHS:
        for coding in CODINGS:
            for connections in (1, 64):
                rows = {"daemon": [], "nginx": []}
                with nginx(daemon) as (process, port):
                    sides = {"daemon": (daemon.process.pid, daemon.port), "nginx": (process.pid, port)}
                    for turn in range(ROUNDS):
                        for side in ("daemon", "nginx") if turn % 2 == 0 else ("nginx", "daemon"):
                            pid, server = sides[side]
                            rows[side].append(measured(pid, f"http://127.0.0.1:{server}{path}", coding, connections))
                rate = {side: statistics.median(r for r, _ in found) for side, found in rows.items()}
                cpu = {side: statistics.median(c for _, c in found) for side, found in rows.items()}
                what = f"{path} {coding}, {connections} connection{'s' if connections > 1 else ''}"
                ratio = rate["daemon"] / rate["nginx"]
                print(f"{what:48}{rate['daemon']:10.0f}{cpu['daemon']:9.1f}{rate['nginx']:11.0f}{cpu['nginx']:9.1f}{ratio:11.2f}"
                      f"  at least {RATIO}: {judge(what, ratio >= RATIO, f'{ratio:.2f} of nginx, at least {RATIO}')}", flush=True)


def load(url, is_over):
    """Reads a page until it is over; how many requests failed."""
    failed = 0
    while not is_over.is_set():
        failed += read(url, 64, 2)["failed"]
    return failed


def seen(daemons, platform, path, turn):
    """How many seconds after the answer to a commit every daemon showed it."""
    words = f"Uploads are next, as of look {turn}."
    platform.tell(path, words)
    committed = time.perf_counter()
    for daemon in daemons:
        while words.encode() not in fetch(f"{daemon.url}/status")[2]:
            if time.perf_counter() - committed > 20:
                raise SystemExit("bench: a commit was not seen within 20 s")
            time.sleep(0.005)
    return time.perf_counter() - committed


def seen_by_all(daemons, platform, path, judge):
    """How long after the answer to a commit each daemon's page shows it, while each is read by 64 connections."""
    is_over = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(len(daemons)) as readers:
        loads = [readers.submit(load, f"{daemon.url}/status", is_over) for daemon in daemons]
        try:
            taken = [seen(daemons, platform, path, turn) for turn in range(COMMITS)]
        finally:
            is_over.set()
    # Raises what a load ended by, since without it nothing was measured under load.
    failed = sum(one.result() for one in loads)
    worst = max(taken)
    print(f"\nA commit is on the page of {len(daemons)} daemons, each read by 64 connections: "
          f"p50 {statistics.median(taken) * 1000:.0f} ms, worst of {COMMITS} {worst * 1000:.0f} ms, {failed} requests failed  "
          f"under {SEEN * 1000:.0f}: {judge('commit to page', worst < SEEN and not failed, f'{worst:.2f} s, under {SEEN}; {failed} requests failed')}", flush=True)


def page_requests(daemon):
    """How many requests of /status the daemon has answered, by its own count: nginx logs no request that it makes in the background."""
    metrics = fetch(f"{daemon.url}/metrics")[2].decode()
    return sum(int(float(count)) for count in re.findall(r'^muster_http_requests_total\{[^}]*route="/status"[^}]*\} (\S+)$', metrics, re.M))


def behind_cache(daemon, judge):
    """What a cache between readers and the daemon asks of it, and what readers get when no daemon is there."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/status"
    with directory() as place, running(place, CACHE.format(place=place, port=port, origin=daemon.port)):
        answer(url, "gzip")
        before = page_requests(daemon)
        result = read(url, 64, 20)
        asked = page_requests(daemon) - before
        daemon.stop()
        # Longer than the lifetime, so that what is in the cache is too old.
        time.sleep(6)
        away = read(url, 64, 5)
    print(f"\nBehind a cache (nginx, one worker): {result['rate']:.0f} readers' requests a second for 20 s, of which the daemon was asked "
          f"{asked} in all; with no daemon at all {away['answered']} answered, {away['failed']} failed: "
          f"{judge('no daemon', away['failed'] == 0 and result['failed'] == 0, f'{away} and {result} failed')}", flush=True)


def without_database(cluster, daemon, judge):
    cluster.run("pg_ctl", "-D", cluster.data, "-m", "fast", "-w", "stop")
    cluster.pid = None
    answered = failed = 0
    began = time.perf_counter()
    while answered + failed < REQUESTS:
        result = read(f"{daemon.url}/status", 64, 2)
        answered, failed = answered + result["answered"], failed + result["failed"]
    print(f"\nWith PostgreSQL stopped: {answered} answers of /status in {time.perf_counter() - began:.0f} s, {failed} failed: "
          f"{judge('without PostgreSQL', failed == 0, f'{failed} requests failed')}", flush=True)


def main():
    failures = []

    def judge(what, holds, words):
        if not holds:
            failures.append(f"{what}: {words}")
        return "PASS" if holds else "FAIL"

    with serving("status") as (cluster, daemon):
        platform = Platform(daemon.url, daemon.token)
        platform.catalog()
        path = platform.break_down()
        platform.bring_back(path)
        beside_nginx(daemon, judge)
        other = Daemon(daemon.program, cluster, f"{OUTPUT}/status-other-daemon.log")
        open(other.log, "w").close()
        other.start()
        try:
            seen_by_all([daemon, other], platform, path, judge)
        finally:
            other.stop()
        without_database(cluster, daemon, judge)
        behind_cache(daemon, judge)
    return exit_status(failures)


if __name__ == "__main__":
    sys.exit(main())
