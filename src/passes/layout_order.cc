#include "passes/layout_order.h"

#include <algorithm>
#include <numeric>

namespace verge::passes {
namespace {

// The sizes of `dims`; a symbol stands as a prime number of its own, so that products tell shapes apart. None for a dimension without size and name.
std::optional<std::vector<int64_t>> sizes_of(const std::vector<Dim>& dims, std::vector<std::string>& symbols) {
  static constexpr int64_t kPrimes[] = {1000003, 1000033, 1000037, 1000039};
  std::vector<int64_t> out;
  for (const Dim& d : dims) {
    if (d.known()) {
      out.push_back(d.size);
      continue;
    }
    if (d.symbol.empty()) return std::nullopt;
    size_t i = static_cast<size_t>(std::find(symbols.begin(), symbols.end(), d.symbol) - symbols.begin());
    if (i == std::size(kPrimes)) return std::nullopt;
    if (i == symbols.size()) symbols.push_back(d.symbol);
    out.push_back(kPrimes[i]);
  }
  return out;
}

std::vector<int> larger_than_one(const std::vector<int64_t>& sizes) {
  std::vector<int> out;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] != 1) out.push_back(static_cast<int>(i));
  return out;
}

// Dimensions of the input and of the output, without those of size 1, that hold the same elements.
struct Group {
  std::vector<int> in, out;
};

std::optional<std::vector<Group>> groups_of(const std::vector<int64_t>& in, const std::vector<int64_t>& out) {
  const std::vector<int> from = larger_than_one(in), to = larger_than_one(out);
  std::vector<Group> groups;
  for (size_t i = 0, j = 0; i < from.size() || j < to.size();) {
    if (i == from.size() || j == to.size()) return std::nullopt;
    Group& g = groups.emplace_back();
    int64_t a = in[from[i]], b = out[to[j]];
    g.in.push_back(from[i++]);
    g.out.push_back(to[j++]);
    while (a != b) {
      if (a == 0 || b == 0 || (a < b ? i == from.size() : j == to.size())) return std::nullopt;
      if (a < b) {
        a *= in[from[i]];
        g.in.push_back(from[i++]);
      } else {
        b *= out[to[j]];
        g.out.push_back(to[j++]);
      }
    }
  }
  return groups;
}

// The output's dimensions, without those of size 1, as they lie when the input's lie as `stored`.
std::optional<std::vector<int>> carried(const std::vector<Group>& groups, const std::vector<int>& stored) {
  std::vector<int> out;
  for (size_t at = 0; at < stored.size();) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.in[0] == stored[at]; });
    if (group == groups.end() || at + group->in.size() > stored.size() || !std::equal(group->in.begin(), group->in.end(), stored.begin() + static_cast<long>(at)))
      return std::nullopt;
    out.insert(out.end(), group->out.begin(), group->out.end());
    at += group->in.size();
  }
  return out;
}

std::vector<int> without_ones(const Order& order, const std::vector<int64_t>& sizes) {
  std::vector<int> out;
  std::copy_if(order.begin(), order.end(), std::back_inserter(out), [&](int i) { return sizes[i] != 1; });
  return out;
}

// Puts the dimensions of size 1 back: channels last if that fits, as they are if that fits, else each behind the one before it.
Order with_ones(const std::vector<int>& moving, const std::vector<int64_t>& sizes) {
  const int rank = static_cast<int>(sizes.size());
  for (const Order& candidate : {rank == 4 ? Order{0, 2, 3, 1} : plain_order(rank), plain_order(rank)})
    if (without_ones(candidate, sizes) == moving) return candidate;
  Order out = moving;
  for (int i = 0; i < rank; ++i)
    if (sizes[i] == 1) out.insert(i ? std::find(out.begin(), out.end(), i - 1) + 1 : out.begin(), i);
  return out;
}

}  // namespace

Order plain_order(int rank) {
  Order order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

bool is_plain(const Order& order) { return std::is_sorted(order.begin(), order.end()); }

Order inverse(const Order& order) {
  Order out(order.size());
  for (size_t i = 0; i < order.size(); ++i) out[static_cast<size_t>(order[i])] = static_cast<int>(i);
  return out;
}

std::vector<int64_t> transpose_between(const Order& from, const Order& to) {
  const Order place = inverse(from);
  std::vector<int64_t> perm;
  for (const int d : to) perm.push_back(place[static_cast<size_t>(d)]);
  return perm;
}

std::vector<Dim> stored_dims(const std::vector<Dim>& dims, const Order& order) {
  std::vector<Dim> out;
  for (const int d : order) out.push_back(dims[static_cast<size_t>(d)]);
  return out;
}

bool differ(const std::vector<Dim>& dims, const Order& a, const Order& b) {
  std::vector<int64_t> sizes;
  for (const Dim& d : dims) sizes.push_back(d.size);
  return without_ones(a, sizes) != without_ones(b, sizes);
}

std::optional<Order> through_reshape(const std::vector<Dim>& in, const std::vector<Dim>& out, const Order& order) {
  std::vector<std::string> symbols;
  const auto in_sizes = sizes_of(in, symbols), out_sizes = sizes_of(out, symbols);
  if (!in_sizes || !out_sizes) return std::nullopt;
  const auto groups = groups_of(*in_sizes, *out_sizes);
  if (!groups) return std::nullopt;
  if (is_plain(order)) return plain_order(static_cast<int>(out.size()));
  const auto moving = carried(*groups, without_ones(order, *in_sizes));
  if (!moving) return std::nullopt;
  return with_ones(*moving, *out_sizes);
}

Tensor transposed(const Tensor& tensor, const std::vector<int64_t>& perm) {
  if (dtype_bits(tensor.dtype()) < 8) {
    Tensor narrow = cast_tensor(transposed(cast_tensor(tensor, DataType::kI8), perm), tensor.dtype());
    narrow.set_quant(tensor.quant());
    return narrow;
  }
  const Shape& from = tensor.shape();
  Shape to;
  to.rank = from.rank;
  int64_t stride[kMaxRank], step[kMaxRank];
  for (int i = from.rank - 1; i >= 0; --i) stride[i] = i == from.rank - 1 ? 1 : stride[i + 1] * from[i + 1];
  for (int i = 0; i < to.rank; ++i) to[i] = from[static_cast<int>(perm[i])], step[i] = stride[perm[i]];
  Tensor out(tensor.dtype(), to);
  const size_t size = dtype_bytes(tensor.dtype(), 1);
  int32_t index[kMaxRank] = {};
  int64_t source = 0;
  for (int64_t i = 0; i < out.count(); ++i) {
    std::memcpy(out.data() + static_cast<size_t>(i) * size, tensor.bytes().data() + static_cast<size_t>(source) * size, size);
    for (int d = to.rank - 1; d >= 0; --d) {
      source += step[d];
      if (++index[d] < to[d]) break;
      source -= step[d] * to[d];
      index[d] = 0;
    }
  }
  QuantParams quant = tensor.quant();
  if (quant.axis >= 0) quant.axis = static_cast<int32_t>(std::find(perm.begin(), perm.end(), quant.axis) - perm.begin());
  out.set_quant(std::move(quant));
  return out;
}

}  // namespace verge::passes
