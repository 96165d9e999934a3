-- Requests that all get the same answer: BENCH_METHOD to the path of the URL, with a body of 300 bytes if it is POST, and with the
-- codings of BENCH_ACCEPT_ENCODING.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
wrk.method = os.getenv("BENCH_METHOD")
if wrk.method == "POST" then
    wrk.body = string.rep("x", 300)
    wrk.headers["Content-Type"] = "application/json"
end
wrk.headers["Accept-Encoding"] = os.getenv("BENCH_ACCEPT_ENCODING")
