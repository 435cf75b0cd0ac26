// Instructions that store bf16 may apply a function to what they have stored: their attributes stand alone or with it.
#pragma once
#include "kernels/unary_bf16/unary_bf16.h"
#include "ops/unary/unary_attrs.h"
#include "rt/op_table.h"

namespace verge::exec {

template <typename Plain> struct WithActivation {
  Plain plain;
  UnaryF32Attrs activation;
};

template <typename Plain> struct Activated {
  const Plain* plain = nullptr;
  const UnaryF32Attrs* activation = nullptr;  // null: none

  const Plain* operator->() const { return plain; }
  bool fits(const rt::Instruction& in) const { return plain && (!activation || (activation->function <= static_cast<uint32_t>(UnaryF32::kLogicalNot) && in.out().dtype == DataType::kBF16)); }
  UnaryBf16 function() const { return activation ? UnaryBf16{static_cast<UnaryF32>(activation->function), {activation->a, activation->b}} : UnaryBf16{}; }
};

template <typename Plain> Activated<Plain> activated(const rt::Instruction& in) {
  if (const auto* plain = in.attrs_as<Plain>()) return {plain, nullptr};
  const auto* both = in.attrs_as<WithActivation<Plain>>();
  return both ? Activated<Plain>{&both->plain, &both->activation} : Activated<Plain>{};
}

}  // namespace verge::exec
