-- Shared by the load scripts: the headers, and one line of JSON for bench.py at the end.
local token = os.getenv("BENCH_TOKEN")
if token then wrk.headers["Authorization"] = "Bearer " .. token end
wrk.headers["Content-Type"] = "application/json"

-- The lines of a file that bench.py wrote, each split at spaces.
function rows(variable)
    local found = {}
    for line in io.lines(os.getenv(variable)) do
        local row = {}
        for word in line:gmatch("%S+") do row[#row + 1] = word end
        found[#found + 1] = row
    end
    return found
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '@RESULT {"answered": %d, "refused": %d, "broken": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f}\n',
        summary.requests - errors.status, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
