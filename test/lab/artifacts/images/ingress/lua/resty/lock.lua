-- Stands in for locks between workers: whoever asks for one has it.
local lock = {}
lock.__index = lock

function lock.new()
  return setmetatable({}, lock)
end

function lock.lock()
  return 0
end

function lock.unlock()
  return 1
end

return lock
