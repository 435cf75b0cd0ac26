#include "formats/tflite/builtins.h"

#include <algorithm>
#include <iterator>

namespace verge::formats::tflite {
namespace {

constexpr Builtin kBuiltins[] = {
#define VERGE_BUILTIN(builtin, newest, fewest_inputs, outputs, translate, core) \
  {schema::BuiltinOperator::builtin, newest, fewest_inputs, outputs, builtins::translate, core},
#include "formats/tflite/builtins.inc"
#undef VERGE_BUILTIN
};

constexpr struct {
  const char* name;
  Builtin builtin;
} kCustom[] = {
#define VERGE_BUILTIN(...)
#define VERGE_CUSTOM(name, newest, fewest_inputs, outputs, translate, core) \
  {name, {schema::BuiltinOperator::CUSTOM, newest, fewest_inputs, outputs, builtins::translate, core}},
#include "formats/tflite/builtins.inc"
#undef VERGE_BUILTIN
};

using Code = schema::BuiltinOperator;

std::string custom_name(const schema::OperatorCode& code) { return code.custom_code() ? code.custom_code()->str() : ""; }

bool is_one_of(Code code, std::initializer_list<Code> list) { return std::find(list.begin(), list.end(), code) != list.end(); }

Refusal custom_refusal(const std::string& name) {
  if (name == "edgetpu-custom-op")
    return {"machine code for the Edge TPU, which holds no operators that could be read", "use the file that went into edgetpu_compiler"};
  if (name == "ethos-u") return {"a command stream for the Arm Ethos-U, which holds no operators that could be read", "use the file that went into Vela"};
  if (name.rfind("Flex", 0) == 0)
    return {"a TensorFlow operator that runs inside TensorFlow itself",
            "convert without SELECT_TF_OPS, or write '" + name.substr(4) + "' with other operators"};
  return {"a custom operator of the file's author, whose meaning is not in the file", "cut the model before it, or replace it with builtin operators"};
}

}  // namespace

const Builtin* find_builtin(const schema::OperatorCode& operator_code) {
  const Code code = builtin_of(operator_code);
  for (const auto& custom : kCustom)
    if (code == Code::CUSTOM && custom_name(operator_code) == custom.name) return &custom.builtin;
  const auto* it = std::find_if(std::begin(kBuiltins), std::end(kBuiltins), [code](const Builtin& b) { return b.code == code; });
  return it == std::end(kBuiltins) ? nullptr : it;
}

Refusal refusal_of(const schema::OperatorCode& code) {
  const Code builtin = builtin_of(code);
  if (builtin == Code::CUSTOM) return custom_refusal(custom_name(code));
  if (is_one_of(builtin, {Code::CALL, Code::STABLEHLO_WHILE}))
    return {"control flow between sub-graphs has no translation", "convert with fixed conditions and unrolled loops"};
  if (builtin == Code::LSTM)
    return {"the single step of an LSTM that older converters wrote has no translation", "convert anew: the sequence form is translated"};
  if (is_one_of(builtin, {Code::HASHTABLE, Code::HASHTABLE_FIND, Code::HASHTABLE_IMPORT, Code::HASHTABLE_SIZE, Code::HASHTABLE_LOOKUP, Code::SKIP_GRAM,
                          Code::LSH_PROJECTION}))
    return {"text and table operators have no translation", "move the text processing out of the model"};
  return {"this builtin has no translation", "replace it with other operators before conversion, or cut the model before it"};
}

}  // namespace verge::formats::tflite
