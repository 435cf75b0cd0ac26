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

using Code = schema::BuiltinOperator;

bool is_one_of(Code code, std::initializer_list<Code> list) { return std::find(list.begin(), list.end(), code) != list.end(); }

Refusal custom_refusal(const std::string& name) {
  if (name == "edgetpu-custom-op")
    return {"machine code for the Edge TPU, which holds no operators that could be read", "use the file that went into edgetpu_compiler"};
  if (name == "ethos-u") return {"a command stream for the Arm Ethos-U, which holds no operators that could be read", "use the file that went into Vela"};
  if (name.rfind("Flex", 0) == 0)
    return {"a TensorFlow operator that runs inside TensorFlow itself",
            "convert without SELECT_TF_OPS, or write '" + name.substr(4) + "' with other operators"};
  if (name == "TFLite_Detection_PostProcess")
    return {"the detection post-processing (decoding of boxes and non-maximum suppression) has no translation",
            "cut the model at this operator's inputs: raw boxes and scores"};
  return {"a custom operator of the file's author, whose meaning is not in the file", "cut the model before it, or replace it with builtin operators"};
}

}  // namespace

const Builtin* find_builtin(Code code) {
  const auto* it = std::find_if(std::begin(kBuiltins), std::end(kBuiltins), [code](const Builtin& b) { return b.code == code; });
  return it == std::end(kBuiltins) ? nullptr : it;
}

Refusal refusal_of(const schema::OperatorCode& code) {
  const Code builtin = builtin_of(code);
  if (builtin == Code::CUSTOM) return custom_refusal(code.custom_code() ? code.custom_code()->str() : "");
  if (is_one_of(builtin, {Code::IF, Code::WHILE, Code::CALL, Code::CALL_ONCE, Code::STABLEHLO_WHILE}))
    return {"control flow between sub-graphs has no translation", "convert with fixed conditions and unrolled loops"};
  if (is_one_of(builtin, {Code::UNIDIRECTIONAL_SEQUENCE_LSTM, Code::BIDIRECTIONAL_SEQUENCE_LSTM, Code::UNIDIRECTIONAL_SEQUENCE_RNN,
                          Code::BIDIRECTIONAL_SEQUENCE_RNN, Code::LSTM, Code::RNN, Code::SVDF}))
    return {"recurrent operators with state have no translation", "convert with the recurrence unrolled into plain operators (Keras: unroll=True)"};
  if (is_one_of(builtin, {Code::VAR_HANDLE, Code::READ_VARIABLE, Code::ASSIGN_VARIABLE}))
    return {"variables that keep their value between runs have no translation", "freeze the variables, or make them inputs and outputs"};
  if (is_one_of(builtin, {Code::HASHTABLE, Code::HASHTABLE_FIND, Code::HASHTABLE_IMPORT, Code::HASHTABLE_SIZE, Code::HASHTABLE_LOOKUP, Code::SKIP_GRAM,
                          Code::LSH_PROJECTION}))
    return {"text and table operators have no translation", "move the text processing out of the model"};
  if (is_one_of(builtin, {Code::RFFT2D, Code::COMPLEX_ABS, Code::REAL, Code::IMAG}))
    return {"complex numbers have no translation", "cut the model behind its spectrogram and compute that in the pipeline"};
  return {"this builtin has no translation", "replace it with other operators before conversion, or cut the model before it"};
}

}  // namespace verge::formats::tflite
