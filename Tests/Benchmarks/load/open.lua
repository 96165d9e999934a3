-- Opens incidents.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local body = io.open(os.getenv("BENCH_INCIDENT")):read("*a")

function request()
    return wrk.format("POST", nil, nil, body)
end
