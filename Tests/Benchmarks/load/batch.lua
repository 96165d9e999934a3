-- A hundred new alerts a request, as Alertmanager posts a large group; all but the identities is made before the clock starts.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local template = io.open(os.getenv("BENCH_BATCH")):read("*a")
local mark = string.rep("@", 16)
local parts = {}
math.randomseed(os.time())

function init()
    local body = template:gsub("IDENTITY", mark):gsub("GROUP", "1")
    local text = wrk.format("POST", nil, nil, body)
    local from = 1
    while true do
        local first, last = text:find(mark, from, true)
        parts[#parts + 1] = text:sub(from, first and first - 1)
        if not first then break end
        from = last + 1
    end
end

-- Each alert has its identity twice: in a label and as its fingerprint.
function request()
    local text = {}
    local identity
    for index, part in ipairs(parts) do
        text[#text + 1] = part
        if index % 2 == 1 then
            identity = string.format("%08x%08x", math.random(0, 0xffffffff), math.random(0, 0xffffffff))
        end
        if index < #parts then text[#text + 1] = identity end
    end
    return table.concat(text)
end
