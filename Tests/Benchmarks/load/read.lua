-- Reads incidents, one a request, at random. The requests are made before the clock starts: what wrk does in between is
-- taken from the same two cores.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local incidents = rows("BENCH_PHASES")
local requests = {}
math.randomseed(os.time())

function init()
    for index, incident in ipairs(incidents) do
        requests[index] = wrk.format("GET", "/v1/incidents/" .. incident[1])
    end
end

function request()
    return requests[math.random(1, #requests)]
end
