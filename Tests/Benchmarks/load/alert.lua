-- One alert a request, as Alertmanager posts it; every one new, in a few groups. All but the identity is made before the
-- clock starts.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local template = io.open(os.getenv("BENCH_ALERT")):read("*a")
local groups = {}
local mark = string.rep("@", 16)
math.randomseed(os.time())

function init()
    for group = 1, 4 do
        local body = template:gsub("IDENTITY", mark):gsub("GROUP", tostring(group))
        local parts = {}
        local text = wrk.format("POST", nil, nil, body)
        local from = 1
        while true do
            local first, last = text:find(mark, from, true)
            parts[#parts + 1] = text:sub(from, first and first - 1)
            if not first then break end
            from = last + 1
        end
        groups[group] = parts
    end
end

function request()
    local identity = string.format("%08x%08x", math.random(0, 0xffffffff), math.random(0, 0xffffffff))
    return table.concat(groups[math.random(1, 4)], identity)
end
