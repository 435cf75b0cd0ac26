// Memory of a process that is about to sleep.
#pragma once

namespace verge::device {

// Gives back what a check-in or an update took: free heap, and pages of code, which come back from the page cache when they run again.
void rest();

}  // namespace verge::device
