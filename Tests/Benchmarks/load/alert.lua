-- One alert a request, as Alertmanager posts it; every one new, in a few groups.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local template = io.open(os.getenv("BENCH_ALERT")):read("*a")
math.randomseed(os.time())

function request()
    local identity = string.format("%08x%08x", math.random(0, 0xffffffff), math.random(0, 0xffffffff))
    local body = template:gsub("IDENTITY", identity):gsub("GROUP", tostring(math.random(1, 4)))
    return wrk.format("POST", nil, nil, body)
end
