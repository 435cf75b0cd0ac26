#include "codegen/print.h"

#include <algorithm>

#include "codegen/pack.h"
#include "core/text.h"

namespace verge::codegen {
namespace {

using Text = std::string;

// The table of the rows of a buffer that is never whole; "0" for others.
Text row_places(const Layout& layout, int buffer) { return layout.rows.count(buffer) ? "rows" + std::to_string(buffer) : Text("0"); }

Text at(int64_t offset) { return offset ? "a + " + std::to_string(offset) : "a"; }

// Whether a convolution makes two pixels at a time.
bool has_twos(const Network& n) {
  return std::any_of(n.layers.begin(), n.layers.end(), [](const Layer& l) { return l.kind == Kind::kConv && !l.nibbles && l.pixels == 2; });
}

// Prints layers one by one; their constants are called after their number.
class LayerPrinter {
 public:
  LayerPrinter(Family family, const Network& network, const Layout& layout, size_t index)
      : family_(family), network_(network), layout_(layout), index_(index), l_(network.layers[index]), name_("l" + std::to_string(index)) {
    for (size_t r = 0; r < layout.runs.size(); ++r)
      if (static_cast<int>(index) >= layout.runs[r].first && static_cast<int>(index) < layout.runs[r].last) run_ = r;
  }

  PrintedLayer print() {
    switch (l_.kind) {
      case Kind::kConv: conv(); break;
      case Kind::kDepthwise: depthwise(); break;
      case Kind::kDense: dense(); break;
      case Kind::kAdd: add(); break;
      case Kind::kAverage: average(); break;
      case Kind::kSoftmax: softmax(); break;
      case Kind::kCopy: call(format("memmove(%s, %s, %lld)", out().c_str(), in(0).c_str(), static_cast<long long>(buffer(l_.out).bytes))); break;
      case Kind::kGeneral: general(); return printed_;
    }
    if (l_.low > -128 || l_.high < 127) clamp();
    return printed_;
  }

 private:
  const Buffer& buffer(int i) const { return network_.buffers[static_cast<size_t>(i)]; }
  Text in(size_t i) const { return at(layout_.buffers[static_cast<size_t>(l_.in[i])]); }
  Text out() const { return at(layout_.buffers[static_cast<size_t>(l_.out)]); }
  const Run& run() const { return layout_.runs[run_]; }
  bool streams() const { return run().streams(); }
  // Row y of a buffer.
  Text row(int b) const {
    const Text places = row_places(layout_, b);
    if (places != "0") return "a + 4u * " + places + "[y]";
    return at(layout_.buffers[static_cast<size_t>(b)]) + format(" + y * %lld", static_cast<long long>(rows_of(network_, b).bytes));
  }
  Text in_part(size_t i) const { return streams() ? row(l_.in[i]) : in(i); }
  Text out_part() const { return streams() ? row(l_.out) : out(); }
  int64_t out_bytes() const { return streams() ? rows_of(network_, l_.out).bytes : buffer(l_.out).bytes; }
  Text rows_made() const { return streams() ? Text("y, y + 1") : format("0, %d", l_.window.out_h); }

  void clamp() {
    const bool sums = l_.kind == Kind::kAverage;
    const Text what = format("vg_clamp(%s, %lld, %d, %d)", sums ? out().c_str() : out_part().c_str(),
                             static_cast<long long>(sums ? buffer(l_.out).bytes : out_bytes()), l_.low, l_.high);
    call(sums && streams() ? format("if (y + 1 == %d) ", l_.window.in_h) + what : what);
  }

  void average() {
    const ConvGeometry& g = l_.window;
    if (!streams()) return call(format("vg_average(%s, %s, %d, %d)", in(0).c_str(), out().c_str(), g.in_h * g.in_w, g.in_c));
    const Text sums = "(int32_t *)(void *)(" + at(layout_.state[run_]) + ")";
    call(format("vg_sum_pixels(%s, %s, %d, %d, %d, y == 0)", in_part(0).c_str(), sums.c_str(), g.in_w, g.in_c, g.in_c));
    call(format("if (y + 1 == %d) vg_divide_sums(%s, %s, %d, %d)", g.in_h, sums.c_str(), out().c_str(), g.in_h * g.in_w, g.in_c));
  }

  Text scratch() const { return layout_.scratch[run_] < 0 || scratch_bytes(family_, l_) == 0 ? "0" : at(layout_.scratch[run_]); }
  void call(const Text& text) { printed_.call += "  " + text + ";\n"; }
  Text constant(const ConstArray& array, const char* suffix) {
    printed_.constants += array.text;
    printed_.weight_bytes += array.bytes;
    return name_ + suffix;
  }

  Text window(const ConvGeometry& g) const {
    const Text places = layout_.rows.empty() ? Text() : ", " + row_places(layout_, l_.in[0]) + ", " + row_places(layout_, l_.out);
    return format("{%d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d%s}", g.in_h, g.in_w, g.in_c, g.out_w, g.out_c, g.kernel_h, g.kernel_w,
                  g.stride_h, g.stride_w, g.dilation_h, g.dilation_w, g.pad_top, g.pad_left, l_.in_zero, l_.out_zero, places.c_str());
  }

  void conv() {
    if (strip_row(family_, l_)) constant(strip_places_array(family_, l_, name_ + "_p"), "_p");
    const Text kernel = l_.nibbles ? "vg_conv_nibbles" : "vg_conv";
    product(kernel.c_str(), (kernel + "_rows").c_str(), conv_numbers());
  }

  Text conv_numbers() const {
    const auto depth = static_cast<long long>(product_depth(family_, l_)), strip = static_cast<long long>(strip_row(family_, l_));
    if (!l_.nibbles && has_twos(network_)) return format("%lld, %d", depth, l_.pixels);
    if (family_for(family_, l_) != Family::kMve) return format("%lld", depth);
    return format("%lld, %lld, %s", depth, strip, strip ? (name_ + "_p").c_str() : "0");
  }

  void depthwise() {
    if (l_.lanes) return lanes();
    if (const auto s = square_of(family_, l_)) return square(*s);
    const Plane p = plane_of(l_);
    const Text band = std::to_string(band_rows(family_, l_));
    if (family_ == Family::kMve && l_.pitch) return product("vg_depthwise", "vg_depthwise_rows", format("%d, %d, %d, %d", p.height, p.vectors, p.way, p.bytes));
    product("vg_depthwise", "vg_depthwise_rows", family_ == Family::kDsp && l_.pitch == 0 ? Text() : band);
  }

  void lanes() {
    const Text w = constant(lanes_weights_array(l_, name_ + "_w"), "_w"), c = constant(lanes_numbers_array(l_, name_ + "_c"), "_c");
    printed_.constants += format("static const vg_lanes_conv %s = {%s, %s, %s};\n", name_.c_str(), window(l_.window).c_str(), w.c_str(), c.c_str());
    call(format("vg_lanes_rows(&%s, %s, %s, %s, %s)", name_.c_str(), in(0).c_str(), out().c_str(), scratch().c_str(), rows_made().c_str()));
  }

  void square(const Square& s) {
    const Text w = constant(weights_array(family_, l_, name_ + "_w"), "_w"), c = constant(channels_array(family_, l_, name_ + "_c"), "_c");
    const ConvGeometry& g = s.window;
    const int in_c = g.in_c, in_row = in_c * l_.window.in_w, out_row = in_c * l_.window.out_w;
    const Text steps = s.turned ? format("%d, %d, %d, %d, %d, %d", in_row, out_row, g.out_h, s.bytes, in_c, in_c)
                                : format("%d, %d, %d, %d, %d, %d", in_c, in_c, g.out_h, s.bytes, in_row, out_row);
    printed_.constants += format("static const vg_square %s = {%s, %s, %s, %s};\n", name_.c_str(), window(g).c_str(), steps.c_str(), w.c_str(), c.c_str());
    call(format("vg_square_run(&%s, %s, %s, %s)", name_.c_str(), in(0).c_str(), out().c_str(), scratch().c_str()));
  }

  void product(const char* type, const char* function, const Text& middle) {
    const Text w = constant(weights_array(family_, l_, name_ + "_w"), "_w");
    const bool fours = family_for(family_, l_) == Family::kMve && l_.kind == Kind::kConv;
    const Text c = constant(fours ? fours_array(l_, name_ + "_c") : channels_array(family_, l_, name_ + "_c"), "_c");
    printed_.constants += format("static const %s %s = {%s, %s%s, %s};\n", type, name_.c_str(), window(l_.window).c_str(),
                                 middle.empty() ? "" : (middle + ", ").c_str(), w.c_str(), c.c_str());
    call(format("%s(&%s, %s, %s, %s, %s)", function, name_.c_str(), in(0).c_str(), out().c_str(), scratch().c_str(), rows_made().c_str()));
  }

  void dense() {
    if (family_ == Family::kMve) return dense_fours();
    const Text w = constant(weights_array(family_, l_, name_ + "_w"), "_w"), b = constant(bias_array(family_, l_, name_ + "_b"), "_b");
    const Multiplier m = l_.product.multiplier[0];
    printed_.constants +=
        format("static const vg_dense %s = {%lld, %d, %d, %d, 0x%xu, %s, %s};\n", name_.c_str(), static_cast<long long>(product_depth(family_, l_)),
               l_.window.out_c, -m.shift, l_.out_zero, kernel_multiplier(m.multiplier), w.c_str(), b.c_str());
    call(format("vg_dense_run(&%s, %s, %s)", name_.c_str(), in(0).c_str(), out().c_str()));
  }

  void dense_fours() {
    const Text w = constant(weights_array(family_, l_, name_ + "_w"), "_w"), b = constant(fours_array(l_, name_ + "_c"), "_c");
    printed_.constants += format("static const vg_dense %s = {%lld, %d, %d, %s, %s};\n", name_.c_str(), static_cast<long long>(product_depth(family_, l_)),
                                 l_.window.out_c, l_.out_zero, w.c_str(), b.c_str());
    call(format("vg_dense_run(&%s, %s, %s)", name_.c_str(), in(0).c_str(), out().c_str()));
  }

  void add() {
    printed_.constants += format("static const vg_add %s = {0x%xu, 0x%xu, 0x%xu, %d, %d, %d, %d, %d, %d};\n", name_.c_str(), kernel_multiplier(l_.x.multiplier),
                                 kernel_multiplier(l_.y.multiplier), kernel_multiplier(l_.z.multiplier), -l_.in_zero * (1 << 20), -l_.y_zero * (1 << 20),
                                 l_.out_zero, -l_.x.shift, -l_.y.shift, -l_.z.shift);
    call(format("vg_add_run(&%s, %s, %s, %s, %lld)", name_.c_str(), in_part(0).c_str(), in_part(1).c_str(), out_part().c_str(),
                static_cast<long long>(out_bytes())));
  }

  // NAME_run(&descriptor, inputs, outputs, scratch)
  void general() {
    const General& g = l_.general;
    std::vector<Text> names;
    for (size_t i = 0; i < g.constants.size(); ++i)
      names.push_back(constant(constant_array(g.constants[i], name_ + "_" + std::to_string(i)), ("_" + std::to_string(i)).c_str()));
    Text fields = g.fields;
    for (size_t i = names.size(); i-- > 0;)
      for (size_t p = fields.find("$" + std::to_string(i)); p != Text::npos; p = fields.find("$" + std::to_string(i), p))
        fields.replace(p, 1 + std::to_string(i).size(), names[i]);
    const auto operand = [&](int o) { return o >= 0 ? in(static_cast<size_t>(o)) : names[static_cast<size_t>(-1 - o)]; };
    for (size_t i = 0; i < g.parts.size(); ++i) {
      const Text part = name_ + "_part" + std::to_string(i);
      printed_.constants += format("static const %s %s = {%s};\n", g.name.c_str(), part.c_str(), g.parts[i].c_str());
      call(g.name + "_run(&" + part + ", " + operand(g.operands[i]) + ", " + out() + ")");
    }
    if (!g.parts.empty()) return;
    printed_.constants += format("static const %s %s = {%s};\n", g.name.c_str(), name_.c_str(), fields.c_str());
    Text arguments = "&" + name_;
    for (int o : g.operands) arguments += ", " + operand(o);
    arguments += ", " + out();
    for (int b : l_.more_out) arguments += ", " + at(layout_.buffers[static_cast<size_t>(b)]);
    if (g.scratch) arguments += ", " + scratch();
    call(g.name + "_run(" + arguments + ")");
  }

  void softmax() {
    const Text t = constant(table_array(l_.table, name_ + "_t"), "_t");
    call(format("vg_softmax(%s, %s, %lld, %lld, %s, %zu)", in(0).c_str(), out().c_str(), static_cast<long long>(l_.rows), static_cast<long long>(l_.columns),
                t.c_str(), l_.table.size()));
  }

  Family family_;
  const Network& network_;
  const Layout& layout_;
  size_t index_, run_ = 0;
  const Layer& l_;
  Text name_;
  PrintedLayer printed_;
};

Text put_defines(const Text& what, const std::vector<int>& buffers, const Network& network, const Layout& layout) {
  Text out;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Buffer& b = network.buffers[static_cast<size_t>(buffers[i])];
    const Text name = "#define $NAME_" + what + (i ? std::to_string(i) : "");
    out += format("%s_OFFSET %lld\n%s_BYTES %lld\n", name.c_str(), static_cast<long long>(layout.buffers[static_cast<size_t>(buffers[i])]), name.c_str(),
                  static_cast<long long>(b.bytes));
    if (b.scale > 0) out += format("%s_SCALE %.9gf\n%s_ZERO_POINT %d\n", name.c_str(), static_cast<double>(b.scale), name.c_str(), b.zero_point);
  }
  return out;
}

Text comment(const Network& network, int i) {
  return format("/* %d: %s, %s */", i, kind_name(network.layers[static_cast<size_t>(i)].kind), network.layers[static_cast<size_t>(i)].name.c_str());
}
Text done_call(int i) { return format("  if (c->after_layer) c->after_layer(c->user, %d);\n", i); }

Text print_whole(const Network& network, int i, const Sheet& sheet) {
  return "  " + comment(network, i) + "\n" + sheet.layers[static_cast<size_t>(i)].call + done_call(i);
}

// Where the rows of tensors lie that are never whole, in words.
Text print_places(const Layout& layout) {
  Text out;
  for (const auto& [buffer, places] : layout.rows) {
    out += format("static const uint16_t rows%d[%zu] = {", buffer, places.size());
    for (size_t y = 0; y < places.size(); ++y) out += (y % 24 == 23 ? "\n  " : "") + std::to_string(places[y] / 4) + ",";
    out += "};\n";
  }
  return out;
}

// The layers of a run by number; behind them the caller, who feeds rows.
Text print_steps(const Run& run) {
  Text steps;
  size_t line = 0;
  for (const Step& s : run.steps) {
    if (steps.size() - line > 140) steps += "\n   ", line = steps.size();
    steps += std::to_string(s.layer == kFeed ? run.last - run.first : s.layer - run.first) + ",";
  }
  return format("  static const uint8_t steps[%zu] = {%s};\n", run.steps.size(), steps.c_str());
}

// What the steps of a run's layers do.
Text print_cases(const Network& network, const Run& run, const Sheet& sheet) {
  Text out;
  for (int i = run.first; i < run.last; ++i) {
    const Text label = i + 1 < run.last ? "case " + std::to_string(i - run.first) : Text("default");
    out += "      " + label + ": " + comment(network, i) + "\n" + sheet.layers[static_cast<size_t>(i)].call + "        break;\n";
  }
  return out;
}

Text print_done(const Network& network, const Run& run) {
  Text out;
  for (int i = run.first; i < run.last; ++i)
    if (!run.rows_only.count(network.layers[static_cast<size_t>(i)].out)) out += done_call(i);
  return out;
}

// Rows through several layers in the order of a table.
Text print_stream(const Network& network, const Run& run, const Sheet& sheet) {
  return "  {\n  " + print_steps(run) +
         format(
             "    uint16_t next[%d] = {0};\n    for (uint32_t i = 0; i < sizeof steps; ++i) {\n      const uint32_t y = next[steps[i]]++;\n      switch "
             "(steps[i]) {\n",
             run.last - run.first) +
         print_cases(network, run, sheet) + "      }\n    }\n  }\n" + print_done(network, run);
}

// The run that the caller's rows drive, up to the next row that it wants; what follows is done when all have come.
Text print_feed(const Network& network, const Run& run, const Sheet& sheet) {
  return print_steps(run) +
         format(R"(  do {
    const uint32_t step = steps[c->step], y = c->next[step]++;
    switch (step) {
      case %d: /* the caller's row */
        break;
)",
                run.last - run.first) +
         print_cases(network, run, sheet) +
         format(R"(    }
  } while (++c->step < sizeof steps && steps[c->step] != %d);
  if (c->step < sizeof steps) return 0;
  $name_restart(c);
)",
                run.last - run.first) +
         print_done(network, run);
}

// Everything from the input to the output.
Text print_body(const Network& network, const Layout& layout, const Sheet& sheet) {
  Text out = "  int8_t *const a = c->arena;\n";
  for (const Run& run : layout.runs)
    out += !run.streams()                    ? print_whole(network, run.first, sheet)
           : network.lines && run.first == 0 ? print_feed(network, run, sheet)
                                             : print_stream(network, run, sheet);
  return out;
}

Text print_functions(const Network& network, const Layout& layout, const Sheet& sheet) {
  if (!network.lines) return "\nvoid $name_run($name_context *c) {\n" + print_body(network, layout, sheet) + "}\n";
  const int layers = layout.runs[0].last;
  return format(R"(
void $name_restart($name_context *c) {
  c->step = 0;
  memset(c->next, 0, sizeof c->next);
}

int8_t *$name_row(const $name_context *c) { return c->arena + 4u * %s[c->next[%d]]; }

int $name_feed($name_context *c) {
)",
                row_places(layout, network.inputs[0]).c_str(), layers) +
         print_body(network, layout, sheet) + "  return 1;\n}\n";
}

// How a model is used whose input comes whole, or row by row.
Text print_interface(const Network& network, const Layout& layout) {
  const Text context = R"(
/* One user of the model. Contexts with arenas of their own run side by side. */
typedef struct {
  int8_t *arena;
  void (*after_layer)(void *user, int layer); /* called after each layer; 0: nothing is called */
  void *user;
)";
  const Text output = "static inline const int8_t *$name_output(const $name_context *c) { return c->arena + $NAME_OUTPUT_OFFSET; }\n";
  if (!network.lines)
    return context + R"(} $name_context;

static inline int8_t *$name_input($name_context *c) { return c->arena + $NAME_INPUT_OFFSET; }
)" + output +
           R"(
/* From the input to the output in the context's arena. The number of instructions does not depend on the data. */
void $name_run($name_context *c);
)";
  return context +
         format(R"(  uint16_t step, next[%d]; /* how far the rows that came have been used; all zeros at first */
} $name_context;

)",
                layout.runs[0].last + 1) +
         output + R"(
/* The next of $NAME_INPUT_ROWS rows of the input goes here, $NAME_INPUT_ROW_BYTES bytes; the arena may not be used for anything else between two rows. */
int8_t *$name_row(const $name_context *c);
/* Takes that row and does what can be done with it. 1: it was the last, and the output is there; the next row begins another inference. */
int $name_feed($name_context *c);
/* Forgets the rows that came. */
void $name_restart($name_context *c);
)";
}

Text input_row_defines(const Network& network) {
  if (!network.lines) return "";
  const Rows rows = rows_of(network, network.inputs[0]);
  return format("#define $NAME_INPUT_ROWS %d\n#define $NAME_INPUT_ROW_BYTES %lld\n", rows.count, static_cast<long long>(rows.bytes));
}

int common_pitch(const Network& network) {
  int pitch = 0;
  for (const Layer& l : network.layers)
    if (l.kind == Kind::kDepthwise) pitch = std::max(pitch, l.pitch);
  return pitch > 1 ? pitch : 0;
}

// Sizes of the kernels' tables.
Text kernel_limits(Family family, const Network& network) {
  int height = 0, ways = 0;
  size_t taps = 0;
  bool odd = false;
  for (const Layer& l : network.layers) {
    if (l.kind == Kind::kConv || (l.kind == Kind::kDepthwise && (l.lanes || l.pitch == 0))) height = std::max(height, l.window.kernel_h);
    taps = std::max(taps, tap_places(l));
    odd = odd || (family == Family::kMve && l.kind == Kind::kConv && !l.nibbles && l.window.out_w % 2 != 0);
    if (family == Family::kMve && l.kind == Kind::kDepthwise && l.pitch) ways |= 1 << plane_of(l).way;
  }
  Text out;
  if (has_twos(network)) out += "#define VG_TWO 1\n";
  if (height > 1) out += format("#define VG_KERNEL_H %d\n", height);
  if (taps > 1) out += format("#define VG_TAPS %zu\n", taps);
  if (odd) out += "#define VG_ODD 1\n";
  if (ways) out += format("#define VG_WAYS %d\n", ways);
  return out;
}

Text upper(Text s) {
  for (char& c : s) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return s;
}

}  // namespace

std::string named(std::string text, const Options& o) {
  const auto replace = [&](const Text& what, const Text& by) {
    for (size_t p = text.find(what); p != Text::npos; p = text.find(what, p + by.size())) text.replace(p, what.size(), by);
  };
  replace("$name", o.name);
  replace("$NAME", upper(o.name));
  return text;
}

std::string file_head(const Options& o) {
  return format(
      "/* Made by %s from %s for %s. Do not edit.\n * SHA-256 of the model: %s\n * SPDX-License-Identifier: Apache-2.0 (the code; the weights keep the model's "
      "licence) */\n",
      o.tool_version.c_str(), o.source_file.c_str(), o.target.c_str(), o.source_sha256.c_str());
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::kConv: return "convolution";
    case Kind::kDepthwise: return "depthwise";
    case Kind::kDense: return "dense";
    case Kind::kAdd: return "add";
    case Kind::kAverage: return "average";
    case Kind::kSoftmax: return "softmax";
    case Kind::kCopy: return "copy";
    case Kind::kGeneral: return "general";
  }
  return "";
}

Sheet print_layers(Family family, const Network& network, const Layout& layout) {
  Sheet out;
  for (size_t i = 0; i < network.layers.size(); ++i) out.layers.push_back(LayerPrinter(family, network, layout, i).print());
  return out;
}

Text print_header(const Options& o, const Network& network, const Layout& layout) {
  Text out = file_head(o) + R"(#ifndef $NAME_H
#define $NAME_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* The arena holds everything that changes: inputs, outputs and what lies between. It needs no initial content and may be used for other things between two runs;
 * inputs are overwritten by a run. Aligned to 8 bytes. */
)";
  out += format("#define $NAME_ARENA_BYTES %lld\n", static_cast<long long>(layout.arena_bytes));
  out += put_defines("INPUT", network.inputs, network, layout) + put_defines("OUTPUT", network.outputs, network, layout);
  out += input_row_defines(network) + format("#define $NAME_LAYERS %zu\n", network.layers.size());
  out += print_interface(network, layout) + R"(
/* $name_selftest.c, where it was asked for: -1, or the first layer whose output is not what it should be. */
int $name_selftest($name_context *c);
/* $name_golden.c, likewise: -1, or the first golden vector whose output is not what it should be. */
int $name_golden($name_context *c);

#ifdef __cplusplus
}
#endif
#endif
)";
  return named(out, o);
}

Text print_source(const Options& o, Family family, const Network& network, const Layout& layout, const Sheet& sheet) {
  Text out = file_head(o) + R"(#include "$name.h"

#include <string.h>

/* Attributes of all weights, such as a section of external flash. */
#ifndef $NAME_WEIGHTS
#define $NAME_WEIGHTS
#endif
#define VG_WEIGHTS $NAME_WEIGHTS

)";
  if (const int pitch = common_pitch(network)) out += format("#define VG_PITCH %d\n\n", pitch);
  if (!layout.rows.empty()) out += "#define VG_ROWS 1\n";
  out += kernel_limits(family, network);
  for (std::string_view source : kernel_sources(family, network)) out += Text(kernel_text(source)) + "\n";
  out += print_places(layout);
  for (const PrintedLayer& l : sheet.layers) out += l.constants;
  return named(out + print_functions(network, layout, sheet), o);
}

}  // namespace verge::codegen
