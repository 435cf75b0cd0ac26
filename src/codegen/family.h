// The C kernels that a target's code is made of: which sources a layer needs, how much scratch memory, and how far its output may lie within its input.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/memory_plan.h"
#include "codegen/network.h"

namespace verge::codegen {

// plain: any core. dsp: pairs of 16-bit products (Cortex-M4, M7, M33). mve: vectors of 128 bits (Cortex-M55, M85).
enum class Family : uint8_t { kPlain, kDsp, kMve };

// The kernels that a layer takes: plain C unpacks weights of 4 bits.
Family family_for(Family family, const Layer& layer);

// Whether a product's sums and multipliers fit the two words a channel that kernels read, and for dsp the packing of pairs.
std::optional<std::string> misfit(Family family, const Layer& layer);

// Output rows that a depthwise kernel makes at once.
int band_rows(Family family, const Layer& layer);
// Values in a row of the scratch of dsp's depthwise kernels, one number for a network: Layer::pitch; for mve 1. 0: other kernels do the work.
int plane_pitch(Family family, const Network& network, bool stream);

// How mve's depthwise kernel for rows lays down its input and walks along it (kernels/depthwise_mve.c).
struct Plane {
  int height = 1;     // bytes of a column: kernel_h rounded up to a power of two
  int vectors = 1;    // loads that a window takes
  int way = 0;      // how its windows are loaded
  int bytes = 0;
};
Plane plane_of(const Layer& layer);

// The work of mve's other depthwise kernel (kernels/depthwise_square.c), which makes a channel after the other; nothing where that cannot be.
struct Square {
  bool turned = false;  // walks down the columns instead of along the rows
  ConvGeometry window;  // turned, where it is
  int bytes = 0;        // of its plane
};
std::optional<Square> square_of(Family family, const Layer& layer);

// Whether rows of a depthwise layer are made by the kernel that takes sixteen channels of a pixel at once.
bool takes_lanes(Family family, const Layer& layer);

// Pointers that kernels which read taps where they lie keep on the stack; 0: the layer has no such kernel.
size_t tap_places(const Layer& layer);

// Whether a convolution reads its windows where they lie: mve's of one tap.
bool reads_in_place(Family family, const Layer& layer);

int64_t scratch_bytes(Family family, const Layer& layer);

// Bytes of a row, padding included, of the strip from which mve's convolution gathers windows of short runs; 0: it copies them run by run.
int64_t strip_row(Family family, const Layer& layer);

// Bytes of one product's window as its weights are stored.
int64_t product_depth(Family family, const Layer& layer);

// How the output may lie within input `index`; nothing: they must be apart. `in` and `out` are left open.
std::optional<Overlap> overlap_of(Family family, const Layer& layer, size_t index);

// Layer::row_distance.
int64_t row_distance(Family family, const Layer& layer);

// Kernel sources by name, in the order in which they must stand.
std::vector<std::string_view> kernel_sources(Family family, const Network& network);
// The text of one of them (src/codegen/kernels/NAME.c).
std::string_view kernel_text(std::string_view name);

}  // namespace verge::codegen
