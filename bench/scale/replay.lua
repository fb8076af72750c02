-- wrk asks what the lines of a file say, one after another: method, path, token and body, with tabs between.
local requests, number = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, token, body = line:match("^(.-)\t(.-)\t(.-)\t(.*)$")
    local headers = {
      ["Authorization"] = "Bearer " .. token,
      ["Content-Type"] = "application/json",
      ["Accept-Encoding"] = "gzip",
    }
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  number = number % #requests + 1
  return requests[number]
end
