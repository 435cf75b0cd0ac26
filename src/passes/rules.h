// Every rule, one file each; the file's header shows what it turns into what.
#pragma once
#include "passes/pass.h"

namespace verge::passes {

// Simpler forms of the same thing.
extern const Rule kRemoveNoOp;
extern const Rule kMergeReshapes;
extern const Rule kMergeTransposes;
extern const Rule kTransposeToReshape;
extern const Rule kExtremesToClamp;
extern const Rule kMergeClamps;
extern const Rule kMatmulToDense;
extern const Rule kGlobalPoolToMean;
extern const Rule kBatchNormToAffine;
extern const Rule kConvTransposeToConv;

// Arithmetic moved into weights.
extern const Rule kFoldBatchNorm;
extern const Rule kFoldChannelwise;
extern const Rule kFoldTransposeIntoDense;

// Padding moved into the operator that it is for.
extern const Rule kFoldPad;

// Several operators as one.
extern const Rule kFuseActivation;
extern const Rule kFuseResidual;
extern const Rule kFuseHardSigmoid;
extern const Rule kFuseGate;
extern const Rule kFuseAttention;

// Integer arithmetic out of dequantize and quantize around float operators.
extern const Rule kSinkDequantize;
extern const Rule kHoistQuantize;
extern const Rule kMergeQuantize;
extern const Rule kFuseQuantized;
extern const Rule kFuseTable;

}  // namespace verge::passes
