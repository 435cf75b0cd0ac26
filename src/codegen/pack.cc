#include "codegen/pack.h"

#include <cstring>
#include <functional>

#include "core/text.h"

namespace verge::codegen {
namespace {

constexpr size_t kLine = 150;  // characters

// "static const TYPE NAME[] ATTRIBUTE = {..};" with lines of bounded length.
template <typename T> ConstArray array(const char* type, const std::string& name, const std::vector<T>& values, const std::function<std::string(T)>& print) {
  ConstArray out;
  out.bytes = static_cast<int64_t>(values.size() * sizeof(T));
  out.text = format("static const %s %s[%zu] VG_WEIGHTS = {\n", type, name.c_str(), values.size());
  std::string line = " ";
  for (const T& v : values) {
    const std::string next = " " + print(v) + ",";
    if (line.size() + next.size() > kLine) out.text += line + "\n", line = " ";
    line += next;
  }
  out.text += line + "\n};\n";
  return out;
}

std::string hex(uint32_t v) { return format("0x%xu", v); }
std::string decimal(int32_t v) { return v == INT32_MIN ? "(-2147483647 - 1)" : std::to_string(v); }
ConstArray words(const std::string& name, const std::vector<uint32_t>& v) { return array<uint32_t>("uint32_t", name, v, hex); }
ConstArray numbers(const std::string& name, const std::vector<int32_t>& v) { return array<int32_t>("int32_t", name, v, decimal); }
ConstArray bytes(const std::string& name, const std::vector<int8_t>& v) {
  return array<int8_t>("int8_t", name, v, [](int8_t b) { return std::to_string(b); });
}

// One channel's weights as its kernel walks along them: runs of the window, padded as the family wants.
std::vector<int8_t> padded_row(Family family, const Layer& l, size_t channel) {
  const ConvGeometry& g = l.window;
  const size_t run = static_cast<size_t>(g.kernel_w) * g.group_in(), runs = static_cast<size_t>(g.kernel_h);
  const size_t depth = static_cast<size_t>(product_depth(family, l)), step = family == Family::kDsp ? depth / runs : run;
  std::vector<int8_t> out(depth, 0);
  if (channel >= static_cast<size_t>(g.out_c)) return out;
  const int8_t* w = l.product.weights.data() + channel * run * runs;
  for (size_t r = 0; r < runs; ++r)
    for (size_t k = 0; k < run; ++k) out[r * step + k] = w[r * run + k];
  return out;
}

// Bytes a0 b0 a1 b1 of kernels/pairs.c.
uint32_t pair_word(int a0, int a1, int b0, int b1) {
  const auto half = [](int a, int b) { return static_cast<uint32_t>(256 * b + a) & 0xffffu; };
  return half(a0, b0) | half(a1, b1) << 16;
}

// The words of channels c and c + 1: of each four values first the even ones, then the odd ones.
void append_pairs(Family family, const Layer& l, size_t c, size_t from, size_t count, std::vector<uint32_t>& out) {
  const std::vector<int8_t> a = padded_row(family, l, c), b = padded_row(family, l, c + 1);
  for (size_t k = from; k < from + count; k += 4) {
    out.push_back(pair_word(a[k], a[k + 2], b[k], b[k + 2]));
    out.push_back(pair_word(a[k + 1], a[k + 3], b[k + 1], b[k + 3]));
  }
}

ConstArray pair_weights(const Layer& l, const std::string& name) {
  const size_t channels = static_cast<size_t>(l.window.out_c), depth = static_cast<size_t>(product_depth(Family::kDsp, l));
  std::vector<uint32_t> out;
  if (l.kind == Kind::kConv)
    for (size_t c = 0; c < channels; c += 2) append_pairs(Family::kDsp, l, c, 0, depth, out);
  else
    for (size_t c = 0; c < channels; c += 4)
      for (size_t k = 0; k < depth; k += 4) append_pairs(Family::kDsp, l, c, k, 4, out), append_pairs(Family::kDsp, l, c + 2, k, 4, out);
  return words(name, out);
}

// Rows of four channels, 16 bytes of each in turn.
ConstArray four_weights(const Layer& l, const std::string& name) {
  const size_t depth = static_cast<size_t>(product_depth(Family::kMve, l));
  std::vector<int8_t> out;
  for (size_t c = 0; c < static_cast<size_t>(l.window.out_c); c += 4) {
    std::vector<int8_t> rows[4];
    for (size_t i = 0; i < 4; ++i) rows[i] = padded_row(Family::kMve, l, c + i);
    for (size_t k = 0; k < depth; k += 16)
      for (const auto& row : rows) out.insert(out.end(), row.begin() + static_cast<int64_t>(k), row.begin() + static_cast<int64_t>(k) + 16);
  }
  return bytes(name, out);
}

// 16 zeros, then each channel's window in `vectors` times 16 bytes: value `tap` of [kernel_h][kernel_w] at `place`(row, column).
ConstArray plane_weights(const Layer& l, const std::string& name, size_t vectors, const std::function<size_t(size_t, size_t)>& place) {
  const size_t taps = l.window.taps(), width = static_cast<size_t>(l.window.kernel_w), record = 16 * vectors;
  std::vector<int8_t> out(16 + static_cast<size_t>(l.window.out_c) * record, 0);
  for (size_t i = 0; i < l.product.weights.size(); ++i) out[16 + i / taps * record + place(i % taps / width, i % taps % width)] = l.product.weights[i];
  return bytes(name, out);
}

ConstArray mve_depthwise_weights(const Layer& l, const std::string& name) {
  if (const auto square = square_of(Family::kMve, l))
    return plane_weights(l, name, 1, [&](size_t row, size_t column) { return square->turned ? row * 4 + column : column * 4 + row; });
  const Plane plane = plane_of(l);
  return plane_weights(l, name, static_cast<size_t>(plane.vectors),
                       [&](size_t row, size_t column) { return column * static_cast<size_t>(plane.height) + row; });
}

// Of each four channels and each tap two words of halves: channels 0 and 2, 1 and 3.
ConstArray pixel_weights(const Layer& l, const std::string& name) {
  const size_t taps = l.window.taps(), channels = static_cast<size_t>(l.window.out_c);
  const auto half = [&](size_t c, size_t t) { return c < channels ? static_cast<uint16_t>(l.product.weights[c * taps + t]) : uint16_t{0}; };
  std::vector<uint32_t> out;
  for (size_t c = 0; c < channels; c += 4)
    for (size_t t = 0; t < taps; ++t)
      for (size_t i = 0; i < 2; ++i) out.push_back(half(c + i, t) | static_cast<uint32_t>(half(c + i + 2, t)) << 16);
  return words(name, out);
}

}  // namespace

uint32_t kernel_multiplier(int32_t multiplier) { return static_cast<uint32_t>(multiplier) << 1; }

namespace {

// Two values a byte, the earlier one in the lower half.
ConstArray nibble_weights(const Layer& l, const std::string& name) {
  const size_t channels = static_cast<size_t>(l.window.out_c), depth = l.product.weights.size() / channels;
  std::vector<int8_t> out;
  for (size_t c = 0; c < channels; ++c)
    for (size_t k = 0; k < depth; k += 2) {
      const int low = l.product.weights[c * depth + k], high = k + 1 < depth ? l.product.weights[c * depth + k + 1] : 0;
      out.push_back(static_cast<int8_t>(high * 16 + (low & 15)));
    }
  return bytes(name, out);
}

}  // namespace

ConstArray weights_array(Family family, const Layer& l, const std::string& name) {
  if (l.nibbles) return nibble_weights(l, name);
  if (l.kind == Kind::kDepthwise && l.pitch == 0 && family == Family::kDsp) return pixel_weights(l, name);
  if (l.kind == Kind::kDepthwise)
    return family == Family::kMve && (l.pitch || square_of(family, l)) ? mve_depthwise_weights(l, name) : bytes(name, l.product.weights);
  if (family == Family::kMve) return four_weights(l, name);
  if (family == Family::kDsp) return pair_weights(l, name);
  std::vector<int8_t> out;
  for (size_t c = 0; c < static_cast<size_t>(l.window.out_c); ++c) {
    const std::vector<int8_t> row = padded_row(family, l, c);
    out.insert(out.end(), row.begin(), row.end());
  }
  return bytes(name, out);
}

ConstArray channels_array(Family family, const Layer& l, const std::string& name) {
  family = family_for(family, l);
  std::vector<uint32_t> out;
  for (size_t c = 0; c < l.product.bias.size(); ++c) {
    const Multiplier m = l.product.multiplier[c];
    out.push_back(kernel_multiplier(m.multiplier));
    out.push_back(static_cast<uint32_t>(l.product.bias[c]) << 5 | static_cast<uint32_t>(-m.shift));
  }
  const size_t unit = family != Family::kDsp ? 1 : l.kind == Kind::kConv ? 4 : l.kind == Kind::kDepthwise && l.pitch == 0 ? 8 : 1;
  while (out.size() % unit != 0) out.push_back(0);
  return words(name, out);
}

ConstArray fours_array(const Layer& l, const std::string& name) {
  const size_t channels = l.product.bias.size();
  std::vector<int32_t> out;
  for (size_t c = 0; c < channels; c += 4)
    for (int what = 0; what < 3; ++what)
      for (size_t i = c; i < c + 4; ++i) {
        const Multiplier m = i < channels ? l.product.multiplier[i] : Multiplier{1 << 30, -1};
        out.push_back(what == 0 ? (i < channels ? l.product.bias[i] : 0) : what == 1 ? m.multiplier : m.shift);
      }
  return numbers(name, out);
}

ConstArray strip_places_array(Family family, const Layer& l, const std::string& name) {
  const ConvGeometry& g = l.window;
  const auto in_c = static_cast<size_t>(g.in_c), width = static_cast<size_t>(g.kernel_w), bytes = g.taps() * in_c;
  std::vector<uint16_t> out(static_cast<size_t>(product_depth(family, l)), 0);
  for (size_t i = 0; i < bytes; ++i) {
    const size_t tap = i / in_c, column = tap % width * static_cast<size_t>(g.dilation_w);
    out[i] = static_cast<uint16_t>(tap / width * static_cast<size_t>(strip_row(family, l)) + column * in_c + i % in_c);
  }
  return array<uint16_t>("uint16_t", name, out, [](uint16_t v) { return std::to_string(v); });
}

ConstArray lanes_weights_array(const Layer& l, const std::string& name) {
  const size_t channels = static_cast<size_t>(l.window.out_c), taps = l.window.taps();
  std::vector<int8_t> out;
  const size_t height = static_cast<size_t>(l.window.kernel_h), width = static_cast<size_t>(l.window.kernel_w);
  for (size_t c = 0; c < channels; c += 16)
    for (size_t t = 0; t < taps; ++t)
      for (size_t i = c; i < c + 16; ++i) out.push_back(i < channels ? l.product.weights[i * taps + t % height * width + t / height] : int8_t{0});
  return bytes(name, out);
}

ConstArray lanes_numbers_array(const Layer& l, const std::string& name) {
  const size_t channels = l.product.bias.size();
  constexpr size_t kFirst[] = {0, 2, 1, 3};  // of each four
  std::vector<int32_t> out;
  for (size_t c = 0; c < channels; c += 16)
    for (int what = 0; what < 3; ++what)
      for (size_t k = 0; k < 16; ++k) {
        const size_t i = c + kFirst[k / 4] + 4 * (k % 4);
        const Multiplier m = i < channels ? l.product.multiplier[i] : Multiplier{1 << 30, -1};
        out.push_back(what == 0 ? (i < channels ? l.product.bias[i] : 0) : what == 1 ? m.multiplier : m.shift);
      }
  return numbers(name, out);
}

ConstArray bias_array(Family family, const Layer& l, const std::string& name) {
  std::vector<int32_t> out = l.product.bias;
  while (family == Family::kDsp && out.size() % 4 != 0) out.push_back(0);
  return numbers(name, out);
}

namespace {

template <typename T> std::vector<T> values_of(const Constant& c) {
  std::vector<T> out(c.bytes.size() / sizeof(T));
  std::memcpy(out.data(), c.bytes.data(), out.size() * sizeof(T));
  return out;
}

std::string real(float v) {
  const std::string digits = format("%.9g", static_cast<double>(v));
  return digits + (digits.find_first_of(".e") == std::string::npos ? ".0f" : "f");
}

}  // namespace

ConstArray constant_array(const Constant& c, const std::string& name) {
  const auto plain = [](auto v) { return std::to_string(v); };
  switch (c.dtype) {
    case DataType::kF32: return array<float>("float", name, values_of<float>(c), real);
    case DataType::kI32: return numbers(name, values_of<int32_t>(c));
    case DataType::kI64: return array<int64_t>("int64_t", name, values_of<int64_t>(c), [](int64_t v) { return std::to_string(v) + "LL"; });
    case DataType::kI16: return array<int16_t>("int16_t", name, values_of<int16_t>(c), plain);
    case DataType::kI8: return bytes(name, values_of<int8_t>(c));
    default: return array<uint8_t>("uint8_t", name, c.bytes, plain);
  }
}

ConstArray table_array(const std::vector<int32_t>& table, const std::string& name) { return numbers(name, table); }

}  // namespace verge::codegen
