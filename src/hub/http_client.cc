#include "hub/http_client.h"

#include <dlfcn.h>

#include <array>
#include <exception>
#include <utility>

#include "base/error.h"

namespace rowmill {
namespace {

// curl/curl.h: an option's number is its place plus the kind of its value.
constexpr int kLong = 0, kPointer = 10000, kFunction = 20000;
constexpr int kWriteData = kPointer + 1, kUrl = kPointer + 2, kErrorBuffer = kPointer + 10;
constexpr int kRange = kPointer + 7, kUserAgent = kPointer + 18, kHttpHeader = kPointer + 23;
constexpr int kXferInfoData = kPointer + 57;
constexpr int kWriteFunction = kFunction + 11, kXferInfoFunction = kFunction + 219;
constexpr int kLowSpeedLimit = kLong + 19, kLowSpeedTime = kLong + 20, kNoProgress = kLong + 43;
constexpr int kFollowLocation = kLong + 52, kMaxRedirects = kLong + 68;
constexpr int kConnectTimeout = kLong + 78, kHttpGet = kLong + 80, kNoSignal = kLong + 99;
constexpr int kProtocols = kLong + 181, kRedirectProtocols = kLong + 182;
constexpr long kHttp = 1, kHttps = 2;
constexpr int kInfoResponseCode = 0x200000 + 2;
constexpr long kGlobalDefault = 3;
constexpr size_t kErrorSize = 256;

constexpr std::array kLibraryNames = {"libcurl.so.4", "libcurl-gnutls.so.4"};

}  // namespace

struct HttpClient::Library {
  int (*global_init)(long);
  void* (*easy_init)();
  int (*easy_setopt)(void*, int, ...);
  int (*easy_perform)(void*);
  int (*easy_getinfo)(void*, int, ...);
  void (*easy_reset)(void*);
  void (*easy_cleanup)(void*);
  const char* (*easy_strerror)(int);
  void* (*slist_append)(void*, const char*);
  void (*slist_free_all)(void*);

  // Never closed: libcurl and its libraries cannot all be taken out of a process again.
  Library() {
    void* library = nullptr;
    for (const char* name : kLibraryNames) {
      if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    }
    const auto find = [&](auto& function, const char* name) {
      void* symbol = library == nullptr ? nullptr : dlsym(library, name);
      if (symbol == nullptr) {
        throw ResourceError(
            "fetching a model takes libcurl, which is not on this machine; install it (Debian: apt "
            "install libcurl4), or download the files by other means and give --model their path");
      }
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
    };
    find(global_init, "curl_global_init");
    find(easy_init, "curl_easy_init");
    find(easy_setopt, "curl_easy_setopt");
    find(easy_perform, "curl_easy_perform");
    find(easy_getinfo, "curl_easy_getinfo");
    find(easy_reset, "curl_easy_reset");
    find(easy_cleanup, "curl_easy_cleanup");
    find(easy_strerror, "curl_easy_strerror");
    find(slist_append, "curl_slist_append");
    find(slist_free_all, "curl_slist_free_all");
  }

  int Status(void* handle) const {
    long status = 0;
    easy_getinfo(handle, kInfoResponseCode, &status);
    return static_cast<int>(status);
  }
};

namespace {

// What libcurl hands to the callbacks of a transfer. No exception may pass through its frames.
struct Transfer {
  FunctionRef<int()> status;
  HttpBody body;
  const std::atomic<bool>& stop;
  std::exception_ptr thrown = nullptr;
};

size_t OnBody(const char* data, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const int status = transfer.status();
  if (status != 200 && status != 206) return size * count;  // The text of an error page.
  try {
    transfer.body(status, {reinterpret_cast<const std::byte*>(data), size * count});
    return size * count;
  } catch (...) {
    transfer.thrown = std::current_exception();
    return 0;
  }
}

int OnProgress(void* context, int64_t, int64_t, int64_t, int64_t) {
  return static_cast<Transfer*>(context)->stop.load() ? 1 : 0;
}

}  // namespace

HttpClient::HttpClient() : library_(std::make_unique<Library>()) {
  if (library_->global_init(kGlobalDefault) != 0 || (handle_ = library_->easy_init()) == nullptr) {
    throw ResourceError("fetching a model: libcurl cannot be started");
  }
}

HttpClient::~HttpClient() { library_->easy_cleanup(handle_); }

HttpResult HttpClient::Get(const HttpRequest& request, const std::atomic<bool>& stop,
                           HttpBody body) {
  const Library& curl = *library_;
  const auto status = [&] { return curl.Status(handle_); };
  Transfer transfer{status, body, stop};
  std::array<char, kErrorSize> error{};
  const std::string range = std::to_string(request.begin) + "-";
  const long protocols = request.url.starts_with("https:") ? kHttps : kHttp | kHttps;
  curl.easy_reset(handle_);
  const auto set = [&](int option, auto value) { curl.easy_setopt(handle_, option, value); };
  set(kUrl, request.url.c_str());
  set(kHttpGet, 1L);
  set(kUserAgent, "rowmill/" ROWMILL_VERSION);
  set(kProtocols, protocols);
  set(kRedirectProtocols, protocols);
  set(kFollowLocation, 1L);
  set(kMaxRedirects, 10L);
  set(kNoSignal, 1L);
  set(kConnectTimeout, 30L);
  // A line that brings nothing for a minute is broken.
  set(kLowSpeedLimit, 1L);
  set(kLowSpeedTime, 60L);
  set(kErrorBuffer, error.data());
  set(kWriteFunction, &OnBody);
  set(kWriteData, static_cast<void*>(&transfer));
  set(kNoProgress, 0L);
  set(kXferInfoFunction, &OnProgress);
  set(kXferInfoData, static_cast<void*>(&transfer));
  if (request.begin > 0) set(kRange, range.c_str());
  void* headers = nullptr;
  if (!request.bearer_token.empty()) {
    headers = curl.slist_append(nullptr, ("Authorization: Bearer " + request.bearer_token).c_str());
    set(kHttpHeader, headers);
  }
  const int code = curl.easy_perform(handle_);
  curl.slist_free_all(headers);
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  HttpResult result;
  result.status = curl.Status(handle_);
  result.stopped = code != 0 && stop.load();
  if (code != 0) result.failure = error[0] != '\0' ? error.data() : curl.easy_strerror(code);
  return result;
}

}  // namespace rowmill
