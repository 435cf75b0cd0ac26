// Of the sources that kernels are made of and of what compiled them: two builds of one digest take the same time for the same layer.
#pragma once

namespace verge {

const char* kernels_digest();  // written by cmake/kernels_digest.cmake

}  // namespace verge
