// JPEG by libjpeg-turbo: baseline and progressive; greyscale, YCbCr, RGB, CMYK and YCCK.
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs size_t and FILE from the line before.
#include <jpeglib.h>

#include <jerror.h>

#include <algorithm>
#include <string>

#include "media/exif_orientation.h"
#include "media/image_decoders.h"

namespace rowmill {
namespace {

// A progressive picture is gone through once per scan, so that a small file with thousands of
// scans takes minutes. Encoders write about ten; what libjpeg's jpegtran can be asked for at most
// is about 60.
constexpr int kMaxScans = 100;
constexpr int kExifMarker = JPEG_APP0 + 1;

// libjpeg reports errors by a call that must not return: ours jumps back into the member function
// that has called libjpeg. No object with a destructor lives in between.
struct ErrorExit {
  jpeg_error_mgr base;  // first, so that libjpeg's pointer is ours
  std::jmp_buf jump;
  char text[JMSG_LENGTH_MAX];
};

void Exit(j_common_ptr info) {
  auto* exit = reinterpret_cast<ErrorExit*>(info->err);
  exit->base.format_message(info, exit->text);
  std::longjmp(exit->jump, 1);
}

// libjpeg warns and goes on with made-up data. What stands for pixels that are not the picture's
// ends it; the others (bytes too many between segments) are what cameras write.
void OnMessage(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_JPEG_EOF:
      Exit(info);
      break;
    default:
      break;
  }
}

void Ignore(j_common_ptr) {}
void IgnoreSource(j_decompress_ptr) {}

boolean EndOfFile(j_decompress_ptr info) {
  ERREXIT(info, JERR_INPUT_EOF);
  return FALSE;
}

void Skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if (static_cast<size_t>(count) > info->src->bytes_in_buffer) ERREXIT(info, JERR_INPUT_EOF);
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= static_cast<size_t>(count);
}

void CountScans(j_common_ptr info) {
  const auto* decoder = reinterpret_cast<j_decompress_ptr>(info);
  if (decoder->input_scan_number <= kMaxScans) return;
  auto* exit = reinterpret_cast<ErrorExit*>(info->err);
  std::snprintf(exit->text, sizeof exit->text, "more than %d scans", kMaxScans);
  std::longjmp(exit->jump, 1);
}

// Pillow's conversion, which takes all CMYK files for Adobe's, whose inks are inverted.
void CmykToRgb(const uint8_t* in, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; ++i, in += 4, out += 3) {
    const uint32_t white = in[3];
    for (size_t c = 0; c < 3; ++c) {
      const uint32_t product = (255u - in[c]) * white + 128;
      const uint32_t ink = ((product >> 8) + product) >> 8;
      out[c] = static_cast<uint8_t>(white - std::min(white, ink));
    }
  }
}

class JpegReader {
 public:
  explicit JpegReader(std::span<const std::byte> file) {
    info_.err = jpeg_std_error(&error_.base);
    error_.base.error_exit = Exit;
    error_.base.emit_message = OnMessage;
    error_.base.output_message = Ignore;
    error_.text[0] = '\0';
    source_.next_input_byte = reinterpret_cast<const JOCTET*>(file.data());
    source_.bytes_in_buffer = file.size();
    source_.init_source = IgnoreSource;
    source_.fill_input_buffer = EndOfFile;
    source_.skip_input_data = Skip;
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = IgnoreSource;
    progress_.progress_monitor = CountScans;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  const jpeg_decompress_struct& info() const { return info_; }
  const char* error() const { return error_.text; }

  bool ReadHeader() {
    if (setjmp(error_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.src = &source_;
    info_.progress = &progress_;
    jpeg_save_markers(&info_, kExifMarker, 0xffff);
    jpeg_read_header(&info_, TRUE);
    return true;
  }

  // Four components come out as CMYK, whatever they are stored as.
  bool Start() {
    if (setjmp(error_.jump) != 0) return false;
    const bool has_ink = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
    info_.out_color_space = has_ink ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info_);
    return true;
  }

  bool ReadRow(uint8_t* row) {
    if (setjmp(error_.jump) != 0) return false;
    JSAMPROW rows[1] = {row};
    return jpeg_read_scanlines(&info_, rows, 1) == 1;
  }

 private:
  jpeg_decompress_struct info_{};
  ErrorExit error_{};
  jpeg_source_mgr source_{};
  jpeg_progress_mgr progress_{};
};

uint32_t OrientationOf(const jpeg_decompress_struct& info) {
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr;
       marker = marker->next) {
    if (marker->marker != kExifMarker) continue;
    return ExifOrientation({reinterpret_cast<const std::byte*>(marker->data), marker->data_length});
  }
  return 1;
}

}  // namespace

std::string ReadJpeg(const ImageRequest& request) {
  JpegReader reader(request.file);
  const auto broken = [&] { return "the JPEG is broken: " + std::string(reader.error()); };
  if (!reader.ReadHeader()) return broken();
  const jpeg_decompress_struct& info = reader.info();
  std::string error = TakeSize(request, info.image_width, info.image_height);
  if (!error.empty() || request.image == nullptr) return error;
  request.orientation = OrientationOf(info);
  if (!reader.Start()) return broken();
  const size_t width = info.output_width;
  if (width != request.info.width || info.output_height != request.info.height) {
    return "the JPEG is broken: it has two sizes";
  }
  const bool has_ink = info.out_color_space == JCS_CMYK;
  std::vector<uint8_t> inks(has_ink ? width * 4 : 0);
  uint8_t* row = request.image->pixels.data();
  for (size_t y = 0; y < request.info.height; ++y, row += width * 3) {
    if (!reader.ReadRow(has_ink ? inks.data() : row)) return broken();
    if (has_ink) CmykToRgb(inks.data(), width, row);
  }
  return "";
}

}  // namespace rowmill
