// Fetches over HTTP and HTTPS with libcurl, which is loaded when the first client is made: the
// program is not linked with it and runs without it wherever nothing is fetched.
//
// What it is not: it sends nothing but GET, keeps no cookies and writes no files. Certificates are
// checked, redirects are followed (from https to https alone), proxies of the environment are used,
// as libcurl does by default. libcurl's C interface is declared in http_client.cc: its numbers are
// fixed (https://curl.se/libcurl/c/), and so no header is needed to build.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/function_ref.h"

namespace rowmill {

struct HttpRequest {
  std::string url;
  std::string bearer_token;  // sent to the address itself, not to where it redirects; empty: none
  uint64_t begin = 0;        // bytes to leave out at the beginning
};

struct HttpResult {
  // Of the last answer; 0 where none came. The body was shown for 200 and 206 alone.
  int status = 0;
  std::string failure;   // why the transfer did not reach its end; empty: it did
  bool stopped = false;  // on behalf of `stop`
};

// Gets pieces of the body in order. `status` is 206 where the server leaves out what the request
// wanted left out, 200 where it sends everything. May throw.
using HttpBody = FunctionRef<void(int status, std::span<const std::byte> piece)>;

class HttpClient {
 public:
  // Throws ResourceError where there is no libcurl.
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `stop` ends the transfer once it is set.
  HttpResult Get(const HttpRequest& request, const std::atomic<bool>& stop, HttpBody body);

 private:
  struct Library;
  std::unique_ptr<Library> library_;
  void* handle_ = nullptr;  // CURL*: keeps connections open from request to request
};

}  // namespace rowmill
