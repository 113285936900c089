#include "media/sound_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace rowmill {
namespace {

// What we call of <sndfile.h>, whose ABI has been the same since 1.0. Declared here so that neither
// building nor running needs the library.
using Count = int64_t;  // sf_count_t

struct Info {  // SF_INFO
  Count frames = 0;
  int samplerate = 0;
  int channels = 0;
  int format = 0;
  int sections = 0;
  int seekable = 0;
};

struct VirtualIo {  // SF_VIRTUAL_IO
  Count (*get_filelen)(void* user);
  Count (*seek)(Count offset, int whence, void* user);
  Count (*read)(void* to, Count count, void* user);
  Count (*write)(const void* from, Count count, void* user);
  Count (*tell)(void* user);
};

constexpr int kModeRead = 0x10;  // SFM_READ

// The file as the library reads it.
struct Place {
  std::span<const std::byte> file;
  Count at = 0;
};

Count FileLength(void* user) { return static_cast<Count>(static_cast<Place*>(user)->file.size()); }

Count Seek(Count offset, int whence, void* user) {
  auto& place = *static_cast<Place*>(user);
  const Count base = whence == 0 ? 0 : whence == 1 ? place.at : FileLength(user);
  Count to = 0;
  if (__builtin_add_overflow(base, offset, &to)) return -1;
  place.at = std::clamp<Count>(to, 0, FileLength(user));
  return place.at;
}

Count Read(void* to, Count count, void* user) {
  auto& place = *static_cast<Place*>(user);
  const Count size = std::clamp<Count>(count, 0, FileLength(user) - place.at);
  if (size > 0) std::memcpy(to, place.file.data() + place.at, static_cast<size_t>(size));
  place.at += size;
  return size;
}

Count Write(const void*, Count, void*) { return 0; }

Count Tell(void* user) { return static_cast<Place*>(user)->at; }

constexpr VirtualIo kReadOnly = {FileLength, Seek, Read, Write, Tell};

class Library {
 public:
  void* (*open_virtual)(const VirtualIo*, int mode, Info*, void* user) = nullptr;
  Count (*read_frames)(void* file, float* to, Count frames) = nullptr;
  int (*close)(void* file) = nullptr;
  bool is_here = false;

  // Never closed: files may be open in other threads.
  Library() {
    void* library = nullptr;
    for (const char* name : {"libsndfile.so.1", "libsndfile.so"}) {
      if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    }
    if (library == nullptr) return;
    is_here = true;
    const auto find = [&](auto& function, const char* name) {
      void* symbol = dlsym(library, name);
      is_here = is_here && symbol != nullptr;
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
    };
    find(open_virtual, "sf_open_virtual");
    find(read_frames, "sf_readf_float");
    find(close, "sf_close");
  }
};

const Library& TheLibrary() {
  static const Library library;
  return library;
}

class SoundFile {
 public:
  // `place` outlives the object.
  explicit SoundFile(Place& place) {
    file_ = TheLibrary().open_virtual(&kReadOnly, kModeRead, &info_, &place);
  }
  ~SoundFile() {
    if (file_ != nullptr) TheLibrary().close(file_);
  }
  SoundFile(const SoundFile&) = delete;
  SoundFile& operator=(const SoundFile&) = delete;

  bool is_open() const { return file_ != nullptr; }
  const Info& info() const { return info_; }
  Count ReadFrames(std::span<float> to, Count frames) {
    return TheLibrary().read_frames(file_, to.data(), frames);
  }

 private:
  Info info_;
  void* file_ = nullptr;
};

// What is wrong before anything is decoded.
std::string Check(const SoundFile& file, AudioInfo& info) {
  if (!file.is_open()) {
    return "the file is no sound file that is read, or it is damaged (read are WAV, and FLAC, MP3, "
           "Ogg and AIFF through libsndfile)";
  }
  const Info& theirs = file.info();
  info.num_frames = static_cast<uint64_t>(std::max<Count>(theirs.frames, 0));
  info.sample_rate = static_cast<uint32_t>(std::max(theirs.samplerate, 0));
  info.num_channels = static_cast<uint32_t>(std::max(theirs.channels, 0));
  return CheckAudio(info);
}

std::string WithoutLibrary() {
  return "the file is no WAV file, and other sound files are read by libsndfile, which is not on "
         "this machine; install it (Debian: apt install libsndfile1), or convert the file to WAV";
}

}  // namespace

std::string InspectBySoundLibrary(std::span<const std::byte> file, AudioInfo& info) {
  if (!TheLibrary().is_here) return WithoutLibrary();
  Place place = {file};
  const SoundFile sound(place);
  return Check(sound, info);
}

std::string DecodeBySoundLibrary(std::span<const std::byte> file, AudioInfo& info,
                                 std::vector<float>& samples) {
  if (!TheLibrary().is_here) return WithoutLibrary();
  Place place = {file};
  SoundFile sound(place);
  if (std::string error = Check(sound, info); !error.empty()) return error;
  // A damaged header may promise more than there is: memory grows with what is read.
  constexpr Count kFramesAtATime = 4096;
  const size_t num_channels = info.num_channels;
  std::vector<float> interleaved(static_cast<size_t>(kFramesAtATime) * num_channels);
  while (samples.size() < info.num_frames) {
    const Count count = sound.ReadFrames(interleaved, kFramesAtATime);
    if (count <= 0) break;
    const float* at = interleaved.data();
    for (Count i = 0; i < count; ++i) {
      float sum = 0.0f;
      for (size_t channel = 0; channel < num_channels; ++channel) sum += *at++;
      const float mean = num_channels == 1 ? sum : sum / static_cast<float>(num_channels);
      samples.push_back(mean - mean == 0.0f ? std::clamp(mean, -16.0f, 16.0f) : 0.0f);
    }
  }
  info.is_cut = samples.size() < info.num_frames;
  info.num_frames = samples.size();
  return info.num_frames == 0 ? "the sound file is damaged: no sample can be decoded" : "";
}

}  // namespace rowmill
