-- Carries incidents from assess to mitigate and back, round after round; each request is one command that changes one.
-- The requests are made before the clock starts.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local incidents = rows("BENCH_PHASES")
local index = 0

function init()
    for _, incident in ipairs(incidents) do
        local path = "/v1/incidents/" .. incident[1]
        incident.assess = wrk.format("POST", path .. "/advance", nil, '{"to": "mitigate"}')
        incident.mitigate = wrk.format("POST", path .. "/revert", nil, '{"to": "assess", "reason": "bench"}')
    end
end

function request()
    index = index % #incidents + 1
    local incident = incidents[index]
    local phase = incident[2]
    incident[2] = phase == "assess" and "mitigate" or "assess"
    return incident[phase]
end
