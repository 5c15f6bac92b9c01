-- Only OCSP stapling asks for it, which is off.
return {
  new = function()
    return nil, "the lab has no client of HTTP"
  end,
}
