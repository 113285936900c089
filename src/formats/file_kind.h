// Says what a file that is not the expected model format looks like, so that the error of a wrong
// download or a wrong argument names the cause.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rowmill {

// A phrase such as "a Git LFS pointer, not the weights themselves; run 'git lfs pull'", made from
// the first bytes; empty where nothing is recognised.
std::string_view DescribeFileKind(std::span<const std::byte> bytes);

}  // namespace rowmill
