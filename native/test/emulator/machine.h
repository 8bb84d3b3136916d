// Between emulator.cpp, which runs the threads of a block, and async.cpp, which knows what of them goes on by itself.
#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace emulator {

// emulator.cpp's
unsigned current_thread();
unsigned block_threads();
std::mt19937_64 &random_order();
[[noreturn]] void fail_thread(const std::string &why);    // and with it the launch
void park(const char *name, const char *file, int line);  // until unpark_all()
void unpark_all();
size_t copies_asked();                            // by this thread so far
void make_copies(unsigned thread, size_t count);  // its first so many
unsigned char *shared_begin();
size_t shared_bytes();

// runtime.cpp's
void open_memory(bool open);  // the devices', for whoever would touch it

// async.cpp's
void async_block_begins();
void async_thread_ends();                                   // fails it where it has left something open
void async_chunk_written(const void *to, unsigned thread);  // 16 bytes by a cp.async of this thread
bool async_goes_on();                                       // something that no thread does; false: there is nothing
constexpr unsigned kSharedBase = 1024;                      // where dynamic shared memory begins, in its own addresses

}  // namespace emulator
