// Work on many things by several threads, in chunks that are taken as they come.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace tk::person::linkage {

/// Calls work(thread, begin, end) for chunks that together are 0 … size; `thread` is below `threads`. Returns when all is done.
template <class Work>
void InParallel(unsigned threads, size_t size, size_t chunk, Work work) {
  std::atomic<size_t> next{0};
  const auto run = [&](unsigned thread) {
    for (size_t at = next.fetch_add(chunk); at < size; at = next.fetch_add(chunk))
      work(thread, at, std::min(size, at + chunk));
  };
  std::vector<std::thread> pool;
  for (unsigned thread = 1; thread < threads; ++thread) pool.emplace_back(run, thread);
  run(0);
  for (std::thread& thread : pool) thread.join();
}

}  // namespace tk::person::linkage
