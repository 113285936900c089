// The compression function of SHA-256 (FIPS 180-4, section 6.2.2), once as plain code and once with
// the processor's own instructions, about seven times as fast: hashing a model file is part of
// starting a job. Used by Sha256 in base/hash.h, which everything else should use.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rowmill {

// Takes `num_blocks` blocks of 64 bytes into `state`, eight words.
void Sha256BlocksPortable(uint32_t* state, const uint8_t* data, size_t num_blocks);
// The same with SHA-NI. Only where HasSha256Instructions() says so; always false off x86-64.
void Sha256BlocksX86(uint32_t* state, const uint8_t* data, size_t num_blocks);
bool HasSha256Instructions();

// The fastest of these.
void Sha256Blocks(uint32_t* state, const uint8_t* data, size_t num_blocks);

}  // namespace rowmill
