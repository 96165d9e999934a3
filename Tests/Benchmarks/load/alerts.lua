-- The same body again and again, each IDENTITY in it a new one, or one of BENCH_IDENTITIES that come again and again, each time
-- with another HH:MM:SS. What differs is put between parts that were made before the clock starts.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")
local template = io.open(os.getenv("BENCH_BODY")):read("*a")
local known = tonumber(os.getenv("BENCH_IDENTITIES") or "0")
local parts, marks, run, count = {}, {}, nil, 0
math.randomseed(os.time())

-- What stands for a mark has a length that is known: the length that is announced has to be right.
local values = {
    ["@@@@@@@@@@@@@@@@"] = function()
        count = count + 1
        if known > 0 then return string.format("repeated%08x", count % known) end
        return string.format("%08x", count * 2654435761 % 4294967296) .. run
    end,
    ["HH:MM:SS"] = function()
        return string.format("%02d:%02d:%02d", count / 3600 % 24, count / 60 % 60, count % 60)
    end,
}

function init()
    run = string.format("%08x", math.random(0, 0x7fffffff))
    -- Threads begin at different identities, and each stands at the same place of a body every time.
    if known > 0 then count = math.random(0, known / 100) * 100 end
    local text = wrk.format("POST", nil, nil, (template:gsub("IDENTITY", string.rep("@", 16))))
    local from = 1
    while true do
        local first, last, mark
        for candidate in pairs(values) do
            local begins, ends = text:find(candidate, from, true)
            if begins and (not first or begins < first) then first, last, mark = begins, ends, candidate end
        end
        parts[#parts + 1] = text:sub(from, first and first - 1)
        if not first then break end
        marks[#marks + 1] = values[mark]
        from = last + 1
    end
end

function request()
    local texts = { parts[1] }
    for index = 2, #parts do
        texts[#texts + 1] = marks[index - 1]()
        texts[#texts + 1] = parts[index]
    end
    return table.concat(texts)
end
