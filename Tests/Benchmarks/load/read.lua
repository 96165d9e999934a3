-- Reads incidents, one a request, at random.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local incidents = rows("BENCH_PHASES")
math.randomseed(os.time())

function request()
    return wrk.format("GET", "/v1/incidents/" .. incidents[math.random(1, #incidents)][1])
end
