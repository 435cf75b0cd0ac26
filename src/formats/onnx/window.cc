// Convolutions and pools. One spatial dimension becomes two, the first of size 1; weights become [out, kh, kw, in/groups].
#include "formats/onnx/window.h"

#include <algorithm>

#include "formats/onnx/table.h"
#include "formats/onnx/weights.h"

namespace verge::formats::onnx {
namespace {

constexpr const char* kThreeSpatial = "it has three spatial dimensions; one and two are supported";
constexpr int64_t kMostStep = 1 << 20;  // of strides, dilations, pads: products of them stay in range

// The list of `per_axis` numbers an axis, the axis that a rank-3 tensor lacks filled in front.
std::vector<int64_t> widened(std::vector<int64_t> list, int64_t filler, size_t per_axis) {
  if (list.size() != per_axis) return list;
  if (per_axis == 1) return {filler, list[0]};
  return {filler, list[0], filler, list[1]};
}

Result<std::vector<int64_t>> window_list(NodeContext& c, const char* name, bool line, int64_t filler, size_t per_axis, int64_t least) {
  std::vector<int64_t> list = c.integers(name, std::vector<int64_t>((line ? 1 : 2) * per_axis, filler));
  if (line) list = widened(std::move(list), filler, per_axis);
  if (list.size() != 2 * per_axis) return c.damaged(std::string(name) + " has " + std::to_string(list.size()) + " numbers for its spatial dimensions");
  for (int64_t n : list)
    if (n < least || n > kMostStep) return c.refuse(std::string(name) + " of " + std::to_string(n) + " is not supported");
  return list;
}

const char* core_auto_pad(const std::string& text) {
  if (text == "SAME_UPPER") return "same_upper";
  if (text == "SAME_LOWER") return "same_lower";
  if (text == "VALID") return "valid";
  return text == "NOTSET" || text.empty() ? "" : nullptr;
}

}  // namespace

Result<WindowForm> window_form(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank(0));
  if (rank < 3) return c.damaged("its input " + c.type(size_t{0}).text() + " has no spatial dimension");
  if (rank > 4) return c.refuse(kThreeSpatial);
  WindowForm form;
  form.line = rank == 3;
  VERGE_TRY(form.attrs["strides"], window_list(c, "strides", form.line, 1, 1, 1));
  VERGE_TRY(form.attrs["dilations"], window_list(c, "dilations", form.line, 1, 1, 1));
  const std::string auto_pad = c.text("auto_pad", "NOTSET");
  const char* core = core_auto_pad(auto_pad);
  if (!core) return c.damaged("auto_pad '" + auto_pad + "' is not known");
  if (*core) form.attrs["auto_pad"] = std::string(core);
  else {
    VERGE_TRY(form.attrs["pads"], window_list(c, "pads", form.line, 0, 2, 0));
  }
  return form;
}

ValueId as_plane(NodeContext& c, const WindowForm& form, ValueId x) {
  return form.line ? c.add("reshape", {x}, {{"shape", std::vector<int64_t>{0, 0, 1, -1}}}) : x;
}

ValueId as_source(NodeContext& c, const WindowForm& form, ValueId y) {
  return form.line ? c.add("reshape", {y}, {{"shape", std::vector<int64_t>{0, 0, -1}}}) : y;
}

Result<ValueId> conv_weights(NodeContext& c, ValueId w, const WindowForm& form) {
  const TensorType& type = c.type(w);
  if (!type.is_static()) return c.refuse("the shape of its weights is not known");
  if (type.rank() != (form.line ? 3 : 4)) return c.damaged("its weights are " + type.text() + ", of another rank than its input");
  if (!form.line) return rearranged(c, w, {0, 2, 3, 1});
  const Shape s = type.shape();
  return rearranged(c, w, {0, 2, 1}, {s[0], 1, s[2], s[1]});
}

namespace {

Result<void> check_kernel_shape(NodeContext& c, const TensorType& w) {
  const std::vector<int64_t> kernel = c.integers("kernel_shape");
  if (kernel.empty() || !w.is_static()) return done();
  for (size_t i = 0; i < kernel.size(); ++i)
    if (i + 2 >= w.dims.size() || w.dims[i + 2].size != kernel[i]) return c.damaged("kernel_shape is not that of its weights " + w.text());
  return done();
}

Result<void> conv(NodeContext& c) {
  VERGE_TRY(WindowForm form, window_form(c));
  VERGE_CHECK(check_kernel_shape(c, c.type(1)));
  form.attrs["groups"] = c.integer("group", 1);
  VERGE_TRY(const ValueId weights, c.fixed(1, "weights"));
  VERGE_TRY(const ValueId bias, c.fixed(2, "bias"));
  VERGE_TRY(const ValueId w, conv_weights(c, weights, form));
  return c.finish(as_source(c, form, c.add("conv", {as_plane(c, form, c.in(0)), w, bias}, form.attrs)));
}

// [in, out/groups, k...] becomes [out, k..., in/groups]: the two channel dimensions change places inside each group.
Result<ValueId> transpose_weights(NodeContext& c, ValueId w, const WindowForm& form, int64_t groups) {
  const TensorType type = c.type(w);
  if (!type.is_static()) return c.refuse("the shape of its weights is not known");
  if (type.rank() != (form.line ? 3 : 4)) return c.damaged("its weights are " + type.text() + ", of another rank than its input");
  const Shape s = type.shape();
  const int64_t kh = form.line ? 1 : s[2], kw = s.back(0), in = s[0], out = s[1];
  if (groups < 1 || groups > in || in % groups != 0) return c.damaged("its " + std::to_string(in) + " channels cannot be in " + std::to_string(groups) + " groups");
  if (groups == 1) return rearranged(c, w, form.line ? std::vector<int>{1, 2, 0} : std::vector<int>{1, 2, 3, 0}, {out, kh, kw, in});
  if (type.quant.per_channel()) return c.refuse("its weights are grouped and quantised per channel", "export it with float weights or without groups");
  const ValueId split = c.add("reshape", {w}, {{"shape", std::vector<int64_t>{groups, in / groups, out, kh, kw}}});
  const ValueId moved = c.add("transpose", {split}, {{"perm", std::vector<int64_t>{0, 2, 3, 4, 1}}});
  return c.add("reshape", {moved}, {{"shape", std::vector<int64_t>{groups * out, kh, kw, in / groups}}});
}

std::string auto_pad_of(const Attrs& attrs) {
  const auto it = attrs.find("auto_pad");
  return it == attrs.end() ? "" : std::get<std::string>(it->second);
}

// The numbers of output_shape for height and width; some exporters put batch and channels in front.
Result<std::vector<int64_t>> wanted_output(NodeContext& c, bool line) {
  std::vector<int64_t> wanted = c.integers("output_shape");
  const size_t spatial = line ? 1 : 2;
  if (!wanted.empty() && wanted.size() < spatial) return c.damaged("output_shape has too few numbers");
  if (wanted.size() > spatial) wanted.erase(wanted.begin(), wanted.end() - static_cast<int64_t>(spatial));
  return widened(std::move(wanted), 1, 1);
}

// ONNX leaves pads to be computed from auto_pad, or from an output shape that is asked for.
Result<void> transpose_pads(NodeContext& c, WindowForm& form, const Shape& w, const std::vector<int64_t>& output_padding) {
  VERGE_TRY(const std::vector<int64_t> wanted, wanted_output(c, form.line));
  const std::string auto_pad = auto_pad_of(form.attrs);
  form.attrs.erase("auto_pad");
  std::vector<int64_t> pads(4, 0);
  if (wanted.empty() && (auto_pad.empty() || auto_pad == "valid")) {
    form.attrs.emplace("pads", pads);
    return done();
  }
  const auto strides = std::get<std::vector<int64_t>>(form.attrs["strides"]), dilations = std::get<std::vector<int64_t>>(form.attrs["dilations"]);
  for (int i = 0; i < 2; ++i) {
    const Dim in = form.line && i == 0 ? Dim(1) : c.type(size_t{0}).dims[form.line ? 2 : 2 + i];
    if (!in.known()) return c.refuse("its padding depends on an input size that is not known", "give sizes to the symbolic dimensions (--dim NAME=SIZE)");
    const int64_t out = wanted.empty() ? in.size * strides[i] : wanted[i], reach = (w[1 + i] - 1) * dilations[i] + 1;
    const int64_t total = std::max<int64_t>(0, strides[i] * (in.size - 1) + output_padding[i] + reach - out);
    pads[i] = auto_pad == "same_upper" ? total / 2 : total - total / 2;
    pads[i + 2] = total - pads[i];
  }
  form.attrs["pads"] = pads;
  return done();
}

Result<void> conv_transpose(NodeContext& c) {
  VERGE_TRY(WindowForm form, window_form(c));
  VERGE_CHECK(check_kernel_shape(c, c.type(1)));
  VERGE_TRY(const std::vector<int64_t> output_padding, window_list(c, "output_padding", form.line, 0, 1, 0));
  const int64_t groups = c.integer("group", 1);
  VERGE_TRY(const ValueId w, transpose_weights(c, c.in(1), form, groups));
  if (w.valid()) VERGE_CHECK(transpose_pads(c, form, c.type(w).shape(), output_padding));
  form.attrs["output_padding"] = output_padding;
  form.attrs["groups"] = groups;
  return c.finish(as_source(c, form, c.add("conv_transpose", {as_plane(c, form, c.in(0)), w, c.in(2)}, form.attrs)));
}

}  // namespace

Result<WindowForm> pool_form(NodeContext& c) {
  VERGE_TRY(WindowForm form, window_form(c));
  if (!c.has_attr("kernel_shape")) return c.damaged("kernel_shape is absent");
  VERGE_TRY(form.attrs["kernel"], window_list(c, "kernel_shape", form.line, 1, 1, 1));
  form.attrs["ceil_mode"] = c.integer("ceil_mode", 0);
  return form;
}

namespace {

Result<void> pool(NodeContext& c) {
  VERGE_TRY(WindowForm form, pool_form(c));
  if (std::string(c.core()) == "avg_pool") form.attrs["count_include_pad"] = c.integer("count_include_pad", 0);
  return c.finish(as_source(c, form, c.add(c.core(), {as_plane(c, form, c.in(0))}, form.attrs)));
}

// (sum of |x|^p over the window)^(1/p), for p = 1 and 2 by way of an average that counts padding.
Result<void> lp_pool(NodeContext& c) {
  const int64_t p = c.integer("p", 2);
  if (p != 1 && p != 2) return c.refuse("p = " + std::to_string(p) + " is not supported; 1 and 2 are");
  VERGE_TRY(WindowForm form, pool_form(c));
  form.attrs["count_include_pad"] = int64_t{1};
  const auto kernel = std::get<std::vector<int64_t>>(form.attrs["kernel"]);
  const ValueId x = as_plane(c, form, c.add(p == 1 ? "abs" : "square", {c.in(0)}));
  const ValueId mean = c.add("avg_pool", {x}, form.attrs);
  const ValueId sum = c.add("mul", {mean, c.scalar(static_cast<double>(kernel[0] * kernel[1]), mean)});
  return c.finish(as_source(c, form, p == 1 ? sum : c.add("sqrt", {sum})));
}

// All spatial dimensions at once: a reduction that keeps them as size 1.
Result<void> global_pool(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank(0));
  if (rank < 3) return c.damaged("its input " + c.type(size_t{0}).text() + " has no spatial dimension");
  std::vector<int64_t> axes;
  for (int i = 2; i < rank; ++i) axes.push_back(i);
  return c.finish(c.add(c.core(), {c.in(0)}, {{"axes", axes}, {"keepdims", int64_t{1}}}));
}

Result<void> global_lp_pool(NodeContext& c) {
  if (const int64_t p = c.integer("p", 2); p != 2) return c.refuse("p = " + std::to_string(p) + " is not supported; 2 is");
  return global_pool(c);
}

constexpr Row kRows[] = {
    {"AveragePool", 1, kNewest, pool, "avg_pool"},
    {"Conv", 1, kNewest, conv},
    {"ConvTranspose", 1, kNewest, conv_transpose},
    {"GlobalAveragePool", 1, kNewest, global_pool, "reduce_mean"},
    {"GlobalLpPool", 2, kNewest, global_lp_pool, "reduce_l2"},
    {"GlobalMaxPool", 1, kNewest, global_pool, "reduce_max"},
    {"LpPool", 2, kNewest, lp_pool},
    {"MaxPool", 1, kNewest, pool, "max_pool"},
};

}  // namespace

std::span<const Row> window_rows() { return kRows; }

}  // namespace verge::formats::onnx
