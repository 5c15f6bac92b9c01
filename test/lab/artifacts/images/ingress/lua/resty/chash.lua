-- Stands in for consistent hashing: the same key leads to the same node for as long as there are as many.
local roundrobin = require("resty.roundrobin")

local chash = setmetatable({}, { __index = roundrobin })
chash.__index = chash

function chash:find(key)
  if #self.list == 0 then
    return nil
  end
  return self.list[ngx.crc32_long(tostring(key)) % #self.list + 1]
end

return chash
