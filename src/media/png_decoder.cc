// PNG by libpng: all colour types and depths, interlaced or not.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>

#include "media/exif_orientation.h"
#include "media/image_decoders.h"

namespace rowmill {
namespace {

// Text and profiles that a picture may bring along, unpacked.
constexpr png_alloc_size_t kMaxChunkBytes = 8u << 20;
constexpr png_uint_32 kMaxSide = 0x7fffffff;

struct Input {
  std::span<const std::byte> left;
};

void ReadBytes(png_structp png, png_bytep out, size_t count) {
  auto* input = static_cast<Input*>(png_get_io_ptr(png));
  if (count > input->left.size()) png_error(png, "the file ends early");
  std::memcpy(out, input->left.data(), count);
  input->left = input->left.subspan(count);
}

struct ErrorText {
  char text[128] = "";
};

[[noreturn]] void Exit(png_structp png, png_const_charp text) {
  auto* error = static_cast<ErrorText*>(png_get_error_ptr(png));
  std::snprintf(error->text, sizeof error->text, "%s", text);
  png_longjmp(png, 1);
}

void IgnoreWarning(png_structp, png_const_charp) {}

// As for JPEG: libpng jumps back into the member function that called it.
class PngReader {
 public:
  explicit PngReader(std::span<const std::byte> file) : input_{file} {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &error_, Exit, IgnoreWarning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  bool ReadHeader() {
    if (png_ == nullptr || info_ == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, &input_, ReadBytes);
    png_set_user_limits(png_, kMaxSide, kMaxSide);  // TakeSize has the say
    png_set_chunk_malloc_max(png_, kMaxChunkBytes);
    png_read_info(png_, info_);
    return true;
  }

  // Turns whatever it is into three bytes per pixel.
  bool Start() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    const png_byte color = png_get_color_type(png_, info_);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if (color == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png_, info_) < 8) {
      png_set_expand_gray_1_2_4_to_8(png_);
    }
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    if ((color & PNG_COLOR_MASK_COLOR) == 0) png_set_gray_to_rgb(png_);
    num_passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool ReadRow(uint8_t* row) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_row(png_, row, nullptr);
    return true;
  }

  uint32_t Orientation() {
    png_bytep exif = nullptr;
    png_uint_32 size = 0;
    if (png_get_eXIf_1(png_, info_, &size, &exif) == 0) return 1;
    return ExifOrientation({reinterpret_cast<const std::byte*>(exif), size});
  }

  uint32_t width() const { return png_get_image_width(png_, info_); }
  uint32_t height() const { return png_get_image_height(png_, info_); }
  size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
  int num_passes() const { return num_passes_; }
  const char* error() const { return error_.text; }

 private:
  Input input_;
  ErrorText error_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int num_passes_ = 1;
};

}  // namespace

std::string ReadPng(const ImageRequest& request) {
  PngReader reader(request.file);
  const auto broken = [&] { return "the PNG is broken: " + std::string(reader.error()); };
  if (!reader.ReadHeader()) return broken();
  std::string error = TakeSize(request, reader.width(), reader.height());
  if (!error.empty() || request.image == nullptr) return error;
  request.orientation = reader.Orientation();
  if (!reader.Start()) return broken();
  const size_t row_bytes = size_t{request.info.width} * 3;
  if (reader.row_bytes() != row_bytes) return "the PNG is broken: its rows have another size";
  // An interlaced picture is filled in by passes, each of which leaves other pixels as they are.
  if (reader.num_passes() > 1) std::ranges::fill(request.image->pixels, uint8_t{0});
  for (int pass = 0; pass < reader.num_passes(); ++pass) {
    uint8_t* row = request.image->pixels.data();
    for (uint32_t y = 0; y < request.info.height; ++y, row += row_bytes) {
      if (!reader.ReadRow(row)) return broken();
    }
  }
  return "";
}

}  // namespace rowmill
