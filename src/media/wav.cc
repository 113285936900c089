#include "media/wav.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "base/check.h"

namespace rowmill {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are read in place");

enum class Coding : uint8_t { kU8, kS16, kS24, kS32, kF32, kF64, kALaw, kMuLaw };

constexpr size_t BytesOf(Coding coding) {
  switch (coding) {
    case Coding::kU8:
    case Coding::kALaw:
    case Coding::kMuLaw:
      return 1;
    case Coding::kS16:
      return 2;
    case Coding::kS24:
      return 3;
    case Coding::kS32:
    case Coding::kF32:
      return 4;
    case Coding::kF64:
      return 8;
  }
  return 0;
}

template <typename T>
T Load(std::span<const std::byte> bytes, size_t offset) {
  DCHECK(offset + sizeof(T) <= bytes.size());
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

bool HasTag(std::span<const std::byte> bytes, size_t offset, std::string_view tag) {
  return bytes.size() >= offset + tag.size() &&
         std::memcmp(bytes.data() + offset, tag.data(), tag.size()) == 0;
}

// ITU-T G.711: sign, exponent of 3 bits, mantissa of 4; full scale is 1.
float FromALaw(uint8_t code) {
  code ^= 0x55;
  const int exponent = (code >> 4) & 7;
  int value = ((code & 15) << 4) + 8;
  if (exponent > 0) value = (value + 0x100) << (exponent - 1);
  return static_cast<float>((code & 0x80) != 0 ? value : -value) / 32768.0f;
}

float FromMuLaw(uint8_t code) {
  code = static_cast<uint8_t>(~code);
  const int exponent = (code >> 4) & 7;
  const int value = ((((code & 15) << 3) + 0x84) << exponent) - 0x84;
  return static_cast<float>((code & 0x80) != 0 ? -value : value) / 32768.0f;
}

// The sample at `at`. Numbers that are none count as silence.
float Sample(const std::byte* at, Coding coding) {
  const auto load = [at]<typename T>(T value) {
    std::memcpy(&value, at, sizeof(T));
    return value;
  };
  switch (coding) {
    case Coding::kU8:
      return static_cast<float>(static_cast<int>(load(uint8_t{})) - 128) / 128.0f;
    case Coding::kS16:
      return static_cast<float>(load(int16_t{})) / 32768.0f;
    case Coding::kS24: {
      const uint32_t bits =
          static_cast<uint32_t>(load(uint16_t{})) << 8 | std::to_integer<uint32_t>(at[2]) << 24;
      return static_cast<float>(static_cast<int32_t>(bits)) / 2147483648.0f;
    }
    case Coding::kS32:
      return static_cast<float>(load(int32_t{})) / 2147483648.0f;
    case Coding::kF32: {
      const float value = load(0.0f);
      return value - value == 0.0f ? std::clamp(value, -16.0f, 16.0f) : 0.0f;
    }
    case Coding::kF64: {
      const double value = load(0.0);
      return value - value == 0.0 ? static_cast<float>(std::clamp(value, -16.0, 16.0)) : 0.0f;
    }
    case Coding::kALaw:
      return FromALaw(load(uint8_t{}));
    case Coding::kMuLaw:
      return FromMuLaw(load(uint8_t{}));
  }
  return 0.0f;
}

struct Wav {
  AudioInfo info;
  Coding coding = Coding::kS16;
  std::span<const std::byte> data;  // whole frames
};

constexpr uint16_t kPcm = 1, kFloat = 3, kALaw = 6, kMuLaw = 7, kExtensible = 0xFFFE;
// A size that the writer did not know when it wrote the header: of a pipe, or of RF64.
constexpr uint32_t kUnknownSize = 0xFFFFFFFF;

std::string ReadFormat(std::span<const std::byte> chunk, Wav& wav) {
  if (chunk.size() < 16) return "the WAV header is too short";
  uint16_t format = Load<uint16_t>(chunk, 0);
  wav.info.num_channels = Load<uint16_t>(chunk, 2);
  wav.info.sample_rate = Load<uint32_t>(chunk, 4);
  const uint16_t frame_bytes = Load<uint16_t>(chunk, 12);
  const uint16_t bits = Load<uint16_t>(chunk, 14);
  // The first two bytes of the sub-format's identifier are the format.
  if (format == kExtensible && chunk.size() >= 26) format = Load<uint16_t>(chunk, 24);
  bool known = true;
  if (format == kPcm && bits > 0 && bits <= 8) {
    wav.coding = Coding::kU8;
  } else if (format == kPcm && bits > 8 && bits <= 32) {
    wav.coding = bits <= 16 ? Coding::kS16 : bits <= 24 ? Coding::kS24 : Coding::kS32;
  } else if (format == kFloat && (bits == 32 || bits == 64)) {
    wav.coding = bits == 32 ? Coding::kF32 : Coding::kF64;
  } else if ((format == kALaw || format == kMuLaw) && bits == 8) {
    wav.coding = format == kALaw ? Coding::kALaw : Coding::kMuLaw;
  } else {
    known = false;
  }
  if (!known) {
    return "the WAV file has samples of format " + std::to_string(format) + " and " +
           std::to_string(bits) + " bits, which is not read; convert it to 16-bit PCM";
  }
  if (frame_bytes != wav.info.num_channels * BytesOf(wav.coding)) {
    return "the WAV header contradicts itself: " + std::to_string(frame_bytes) +
           " bytes for a sample of each channel";
  }
  return {};
}

std::string Parse(std::span<const std::byte> file, Wav& wav) {
  bool has_format = false;
  uint64_t long_data_size = kUnknownSize;  // of RF64
  for (uint64_t offset = 12; file.size() - offset >= 8;) {
    const uint64_t begin = offset + 8;
    const uint32_t stated = Load<uint32_t>(file, offset + 4);
    const uint64_t there = file.size() - begin;
    if (HasTag(file, offset, "ds64") && std::min<uint64_t>(stated, there) >= 16) {
      long_data_size = Load<uint64_t>(file, begin + 8);
    } else if (HasTag(file, offset, "fmt ")) {
      if (std::string error =
              ReadFormat(file.subspan(begin, std::min<uint64_t>(stated, there)), wav);
          !error.empty()) {
        return error;
      }
      has_format = true;
    } else if (HasTag(file, offset, "data")) {
      if (!has_format) return "the WAV file has samples before its format";
      if (std::string error = CheckAudio({1, wav.info.sample_rate, wav.info.num_channels, false});
          !error.empty()) {
        return error;
      }
      const uint64_t promised = stated == kUnknownSize ? long_data_size : stated;
      const uint64_t frame_bytes = wav.info.num_channels * BytesOf(wav.coding);
      const uint64_t size = std::min(promised, there);
      wav.info.is_cut = promised > there && promised != kUnknownSize;
      wav.info.num_frames = size / frame_bytes;
      wav.data = file.subspan(begin, wav.info.num_frames * frame_bytes);
      return CheckAudio(wav.info);
    }
    // Chunks begin at even places.
    const uint64_t size = uint64_t{stated} + (stated & 1);
    if (size > there) break;
    offset = begin + size;
  }
  return has_format ? "the WAV file ends before its samples" : "the WAV file ends in its header";
}

}  // namespace

bool IsWav(std::span<const std::byte> file) {
  return (HasTag(file, 0, "RIFF") || HasTag(file, 0, "RF64")) && HasTag(file, 8, "WAVE");
}

std::string InspectWav(std::span<const std::byte> file, AudioInfo& info) {
  CHECK(IsWav(file));
  Wav wav;
  std::string error = Parse(file, wav);
  info = wav.info;
  return error;
}

std::string DecodeWav(std::span<const std::byte> file, AudioInfo& info,
                      std::vector<float>& samples) {
  CHECK(IsWav(file));
  Wav wav;
  std::string error = Parse(file, wav);
  info = wav.info;
  if (!error.empty()) return error;
  const size_t sample_bytes = BytesOf(wav.coding);
  const size_t num_channels = info.num_channels;
  samples.resize(info.num_frames);
  const std::byte* at = wav.data.data();
  for (float& sample : samples) {
    float sum = 0.0f;
    for (size_t channel = 0; channel < num_channels; ++channel, at += sample_bytes) {
      sum += Sample(at, wav.coding);
    }
    sample = num_channels == 1 ? sum : sum / static_cast<float>(num_channels);
  }
  return {};
}

}  // namespace rowmill
