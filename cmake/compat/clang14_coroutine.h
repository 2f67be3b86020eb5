// Clang 14 and libstdc++ 12: make <coroutine> usable.
// Clang 14 compiles C++20 coroutines from namespace std, but leaves the feature macro undefined in C++20 mode; libstdc++
// and Boost.Asio look only at that macro. Forced in front of every file for Clang below 15; empty for all others.
#pragma once
#if defined(__clang__) && __clang_major__ < 15 && !defined(__cpp_impl_coroutine)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wreserved-macro-identifier"
#pragma clang diagnostic ignored "-Wbuiltin-macro-redefined"
#define __cpp_impl_coroutine 201902L
#pragma clang diagnostic pop
#endif
