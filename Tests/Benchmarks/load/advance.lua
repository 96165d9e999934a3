-- Carries incidents from assess to mitigate and back, round after round; each request is one command that changes one.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local incidents = rows("BENCH_PHASES")
local index = 0

function request()
    index = index % #incidents + 1
    local incident = incidents[index]
    if incident[2] == "assess" then
        incident[2] = "mitigate"
        return wrk.format("POST", "/v1/incidents/" .. incident[1] .. "/advance", nil, '{"to": "mitigate"}')
    end
    incident[2] = "assess"
    return wrk.format("POST", "/v1/incidents/" .. incident[1] .. "/revert", nil, '{"to": "assess", "reason": "bench"}')
end
