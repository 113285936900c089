// WebP by libwebp: lossy and lossless; of an animation the first picture.
#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>
#include <string>

#include "media/exif_orientation.h"
#include "media/image_decoders.h"

namespace rowmill {
namespace {

const uint8_t* BytesOf(std::span<const std::byte> file) {
  return reinterpret_cast<const uint8_t*>(file.data());
}

uint32_t OrientationOf(std::span<const std::byte> file) {
  const WebPData data = {BytesOf(file), file.size()};
  const std::unique_ptr<WebPDemuxer, void (*)(WebPDemuxer*)> demuxer(WebPDemux(&data),
                                                                     WebPDemuxDelete);
  if (demuxer == nullptr) return 1;
  WebPChunkIterator chunk;
  uint32_t orientation = 1;
  if (WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) != 0) {
    orientation =
        ExifOrientation({reinterpret_cast<const std::byte*>(chunk.chunk.bytes), chunk.chunk.size});
  }
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

// The canvas after the first frame, without its alpha.
std::string ReadFirstFrame(const ImageRequest& request) {
  const std::string broken = "the WebP animation is broken";
  const WebPData data = {BytesOf(request.file), request.file.size()};
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) return broken;
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  if (decoder == nullptr) return broken;
  WebPAnimInfo info;
  uint8_t* canvas = nullptr;
  int timestamp = 0;
  if (WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 ||
      info.canvas_width != request.info.width || info.canvas_height != request.info.height ||
      WebPAnimDecoderGetNext(decoder.get(), &canvas, &timestamp) == 0) {
    return broken;
  }
  uint8_t* out = request.image->pixels.data();
  const size_t count = request.image->pixels.size() / 3;
  for (size_t i = 0; i < count; ++i) std::copy(canvas + 4 * i, canvas + 4 * i + 3, out + 3 * i);
  return "";
}

}  // namespace

std::string ReadWebp(const ImageRequest& request) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(BytesOf(request.file), request.file.size(), &features) != VP8_STATUS_OK) {
    return "the WebP is broken: it has no whole header";
  }
  std::string error = TakeSize(request, static_cast<uint64_t>(features.width),
                               static_cast<uint64_t>(features.height));
  if (!error.empty() || request.image == nullptr) return error;
  request.orientation = OrientationOf(request.file);
  if (features.has_animation != 0) return ReadFirstFrame(request);
  std::vector<uint8_t>& pixels = request.image->pixels;
  if (WebPDecodeRGBInto(BytesOf(request.file), request.file.size(), pixels.data(), pixels.size(),
                        features.width * 3) == nullptr) {
    return "the WebP is broken";
  }
  return "";
}

}  // namespace rowmill
