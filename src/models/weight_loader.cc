#include "models/weight_loader.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/aligned_buffer.h"
#include "base/check.h"
#include "base/error.h"
#include "tensor/dequantize.h"
#include "tensor/finite_check.h"
#include "tensor/quantize.h"

namespace rowmill {
namespace {

std::string ShapeText(std::span<const uint64_t> shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) out += ", ";
    out += std::to_string(shape[i]);
  }
  return out + "]";
}

// Writers differ in how many leading axes of length 1 they keep.
std::span<const uint64_t> WithoutLeadingOnes(std::span<const uint64_t> shape) {
  while (shape.size() > 1 && shape.front() == 1) shape = shape.subspan(1);
  return shape;
}

PackedWeights::Mode ModeOf(Numerics numerics) {
  switch (numerics) {
    case Numerics::kF32:
      return PackedWeights::Mode::kFloat;
    case Numerics::kInt16:
      return PackedWeights::Mode::kTwoTerms;
    case Numerics::kAuto:
    case Numerics::kInt8:
      break;
  }
  return PackedWeights::Mode::kNative;
}

// out[k, n] of in[n, k], elements of `element_bytes`.
AlignedBuffer<std::byte> Transposed(const TensorView& in, size_t element_bytes) {
  const size_t rows = in.rows();
  const size_t cols = in.cols();
  AlignedBuffer<std::byte> out(in.bytes.size());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t col = 0; col < cols; ++col) {
      std::memcpy(out.data() + (col * rows + row) * element_bytes,
                  in.bytes.data() + (row * cols + col) * element_bytes, element_bytes);
    }
  }
  return out;
}

}  // namespace

void WeightLoader::Fail(const std::string& name, const std::string& problem) const {
  throw ModelError("model '" + source_.name() + "': tensor " + source_.WeightName(name) + " " +
                   problem);
}

SourceWeight WeightLoader::Checked(const std::string& name, std::vector<uint64_t> shape,
                                   Numbers numbers) {
  const std::optional<SourceWeight> weight = source_.FindWeight(name);
  if (weight && weight->stored == StoredAs::kTransposed) std::reverse(shape.begin(), shape.end());
  if (!weight) Fail(name, "of shape " + ShapeText(shape) + " is missing");
  const TensorView& tensor = *weight->tensor;
  if (!std::ranges::equal(WithoutLeadingOnes(shape), WithoutLeadingOnes(tensor.shape))) {
    Fail(name, "has shape " + ShapeText(tensor.shape) + ", expected " + ShapeText(shape));
  }
  if (tensor.dtype == DType::kI32) Fail(name, "holds integers (I32), which no weight does");
  if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) return *weight;
  seen_.push_back(name);
  num_parameters_ += tensor.num_elements();
  if (numbers == Numbers::kKnownFinite) return *weight;
  if (const std::optional<uint64_t> row = FindNonFiniteRow(tensor)) {
    Fail(name, "holds NaN or infinity in row " + std::to_string(*row) +
                   "; the file is damaged, download it again");
  }
  return *weight;
}

std::vector<float> WeightLoader::Vector(const std::string& name, size_t n) {
  const SourceWeight weight = Checked(name, {n});
  std::vector<float> values(n);
  DequantizeRow(*weight.tensor, 0, values);
  if (weight.stored == StoredAs::kMinusOne) {
    for (float& value : values) value += 1.0f;
  }
  return values;
}

std::vector<float> WeightLoader::Values(const std::string& name, std::vector<uint64_t> shape) {
  const SourceWeight weight = Checked(name, std::move(shape));
  if (weight.stored != StoredAs::kSame) Fail(name, "is stored in another form than it is used in");
  const TensorView& tensor = *weight.tensor;
  std::vector<float> values(tensor.num_elements());
  const size_t columns = tensor.cols();
  for (size_t row = 0; row < tensor.rows(); ++row) {
    DequantizeRow(tensor, row, std::span(values).subspan(row * columns, columns));
  }
  return values;
}

PackedWeights WeightLoader::PackValues(std::span<const float> values, size_t n, size_t k) {
  CHECK(values.size() == n * k);
  return PackRows({"", DType::kF32, {n, k}, std::as_bytes(values)}, {});
}

std::vector<float> WeightLoader::VectorIfAny(const std::string& name, size_t n) {
  return Has(name) ? Vector(name, n) : std::vector<float>();
}

PackedWeights WeightLoader::Matrix(const std::string& name, size_t n, size_t k,
                                   std::span<const uint32_t> row_order) {
  return Pack(name, {.n = n, .k = k, .rows = {0, n}, .row_order = row_order});
}

PackedWeights WeightLoader::Matrix(const std::string& name, size_t n, size_t k,
                                   Precision precision) {
  return Pack(name, {.n = n, .k = k, .rows = {0, n}, .row_order = {}, .precision = precision});
}

PackedWeights WeightLoader::MatrixRows(const std::string& name, size_t n, size_t k, Rows rows) {
  return Pack(name, {.n = n, .k = k, .rows = rows, .row_order = {}});
}

PackedWeights WeightLoader::Pack(const std::string& name, const MatrixPart& part) {
  CHECK(part.rows.begin + part.rows.count <= part.n);
  // A matrix of the cache was found finite when it was packed, from the same file.
  const bool is_cached = cache_ != nullptr && cache_->found();
  const SourceWeight weight =
      Checked(name, {part.n, part.k}, is_cached ? Numbers::kKnownFinite : Numbers::kUnknown);
  TensorView rows = {weight.tensor->name, weight.tensor->dtype, {part.rows.count, part.k}, {}};
  const std::string entry = name + " " + std::to_string(part.rows.begin) + "+" +
                            std::to_string(part.rows.count) + (part.row_order.empty() ? "" : " r");
  if (is_cached) {
    const Packing packing = PackingOf(rows, part.precision);
    TensorView kept = rows;
    kept.dtype = packing.dtype;
    const std::span<const std::byte> packed =
        cache_->Find(entry, PackedWeights::PackedBytes(kept, packing.mode));
    if (!packed.empty()) {
      return PackedWeights::FromPacked(kept, packing.mode, packed, cache_->mapping());
    }
    if (FindNonFiniteRow(*weight.tensor)) Fail(name, "holds NaN or infinity");
  }

  AlignedBuffer<std::byte> turned;
  std::span<const std::byte> bytes = weight.tensor->bytes;
  if (weight.stored == StoredAs::kTransposed) {
    const DTypeInfo& type = GetDTypeInfo(weight.tensor->dtype);
    if (type.block_elements != 1) Fail(name, "is stored transposed in blocks, which is not read");
    turned = Transposed(*weight.tensor, type.block_bytes);
    bytes = turned.span();
  }
  const size_t row_bytes = bytes.size() / part.n;
  rows.bytes = bytes.subspan(part.rows.begin * row_bytes, part.rows.count * row_bytes);
  PackedWeights packed = PackRows(rows, part.row_order, part.precision);
  if (cache_ != nullptr && !is_cached) cache_->Add(entry, packed.packed());
  return packed;
}

WeightLoader::Packing WeightLoader::PackingOf(const TensorView& rows, Precision precision) const {
  if (numerics_ != Numerics::kInt8 || precision == Precision::kAsStored || !CanQuantize(rows)) {
    return {rows.dtype, ModeOf(numerics_)};
  }
  const bool in_two_terms = precision == Precision::kTwoTerms;
  return {DType::kQ8_0,
          in_two_terms ? PackedWeights::Mode::kTwoTerms : PackedWeights::Mode::kNative};
}

PackedWeights WeightLoader::PackRows(const TensorView& rows, std::span<const uint32_t> row_order,
                                     Precision precision) {
  const Packing packing = PackingOf(rows, precision);
  if (packing.dtype == rows.dtype) return PackedWeights::Pack(rows, packing.mode, row_order, team_);
  const std::vector<std::byte> blocks = QuantizeToQ8_0(rows);
  const TensorView quantized = {rows.name, packing.dtype, rows.shape, blocks};
  return PackedWeights::Pack(quantized, packing.mode, row_order, team_);
}

PackedWeights WeightLoader::Convolution(const std::string& name, const ConvolutionShape& shape) {
  const SourceWeight weight = Checked(name, {shape.n, shape.channels, shape.width});
  if (weight.stored != StoredAs::kSame) Fail(name, "is stored in another form than it is used in");
  const size_t k = shape.width * shape.channels;
  std::vector<float> matrix(shape.n * k);
  std::vector<float> taps(shape.width);
  for (size_t row = 0; row < shape.n; ++row) {
    for (size_t channel = 0; channel < shape.channels; ++channel) {
      DequantizeRow(*weight.tensor, row * shape.channels + channel, taps);
      for (size_t tap = 0; tap < shape.width; ++tap) {
        matrix[row * k + tap * shape.channels + channel] = taps[tap];
      }
    }
  }
  return PackValues(matrix, shape.n, k);
}

const TensorView& WeightLoader::View(const std::string& name, size_t n, size_t k) {
  const SourceWeight weight = Checked(name, {n, k});
  if (weight.stored != StoredAs::kSame) Fail(name, "is stored in another form than it is used in");
  return *weight.tensor;
}

void WeightLoader::Refuse(const std::string& name, const std::string& reason) const {
  if (Has(name)) Fail(name, "is not supported: " + reason);
}

}  // namespace rowmill
