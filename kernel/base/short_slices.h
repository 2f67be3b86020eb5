// A thread that others wait for and that works for some microseconds at a time: when it is woken it gets a core at once, instead of after the slice (3 ms)
// of a thread that just calculates, be it a merge of ours or another program.
// Called by: network threads, the log's writer, the lane of writes. Not by what works long: slices of all threads shortened alike help nobody
//         (docs/performance.md).
// Source: Linux, Documentation/scheduler/sched-eevdf.rst: sched_setattr(2) of SCHED_OTHER takes a slice as sched_runtime since 6.12, and a thread
//         that is woken preempts one with longer slices. It takes no more of a core than its share, needs no right, and older kernels ignore it.
#pragma once

namespace tk {

/// Of the calling thread. Threads that it starts have usual slices. False: this system refuses it; all goes on as before.
bool TakeShortSlices();

}  // namespace tk
