// Orders of dimensions: how a value is stored, against how the source model describes it.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "ir/graph.h"

namespace verge::passes {

// Stored dimension i is the value's dimension order[i]: {0, 2, 3, 1} stores an image [n,c,h,w] as [n,h,w,c].
using Order = std::vector<int>;

Order plain_order(int rank);
bool is_plain(const Order& order);
Order inverse(const Order& order);
// The transpose that turns what is stored in `from` into what is stored in `to`.
std::vector<int64_t> transpose_between(const Order& from, const Order& to);
std::vector<Dim> stored_dims(const std::vector<Dim>& dims, const Order& order);
// Whether the elements of `dims` lie differently in the two orders; moving dimensions of size 1 moves nothing.
bool differ(const std::vector<Dim>& dims, const Order& a, const Order& b);

// The order of a reshape's output that makes the stored bytes of input and output the same; none when the reshape mixes what `order` tears apart.
//
//   [n,c,h,w] in {0,2,3,1} -> [n,c,hw]: {0,2,1}       [n,c,h,w] in {0,2,3,1} -> [n,chw]: none
std::optional<Order> through_reshape(const std::vector<Dim>& in, const std::vector<Dim>& out, const Order& order);

// The constant with its elements moved: dimension i of the result is dimension perm[i] of `tensor`; a per-channel axis moves along.
Tensor transposed(const Tensor& tensor, const std::vector<int64_t>& perm);

}  // namespace verge::passes
