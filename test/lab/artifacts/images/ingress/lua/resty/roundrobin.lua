-- Stands in for the balancer of that name: each node after the other, whatever their weights.
local roundrobin = {}
roundrobin.__index = roundrobin

local function names(nodes)
  local list = {}
  for name in pairs(nodes) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

function roundrobin:new(nodes)
  local one = setmetatable({}, self)
  one:reinit(nodes)
  return one
end

function roundrobin:reinit(nodes)
  self.list = names(nodes)
  self.last = 0
end

function roundrobin:find()
  if #self.list == 0 then
    return nil
  end
  self.last = self.last % #self.list + 1
  return self.list[self.last]
end

return roundrobin
