// What image decoders print on standard error, kept for the thread that calls them.
//
// libpng, libjpeg and OpenCV describe what is wrong with an image on C's stderr and on std::cerr, without the image's name. Both
// streams are replaced once. A thread that collects keeps what it prints; every other thread prints as before.
#pragma once

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <streambuf>
#include <string>

namespace gradmimic {
namespace decoder_messages {

// An image can cause any number of messages. The first of them tell enough.
constexpr size_t kLongest = 4096;

inline thread_local bool collecting = false;
inline thread_local std::string collected;

inline void print(const char* text, size_t length) {
  if (collecting) {
    collected.append(text, std::min(length, kLongest - collected.size()));
    return;
  }
  while (length > 0) {
    const ssize_t written = ::write(STDERR_FILENO, text, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text += written;
    length -= static_cast<size_t>(written);
  }
}

class Buffer final : public std::streambuf {
  int_type overflow(int_type character) override {
    if (!traits_type::eq_int_type(character, traits_type::eof())) {
      const char text = traits_type::to_char_type(character);
      print(&text, 1);
    }
    return traits_type::not_eof(character);
  }

  std::streamsize xsputn(const char* text, std::streamsize length) override {
    print(text, static_cast<size_t>(length));
    return length;
  }
};

inline ssize_t write(void*, const char* text, size_t length) {
  print(text, length);
  return static_cast<ssize_t>(length);
}

// Both streams live as long as the process: other libraries may print until its end.
inline bool replace() {
  std::cerr.rdbuf(new Buffer);
#ifdef __GLIBC__  // where stderr may be assigned, and streams can call a function
  FILE* const stream = fopencookie(nullptr, "w", cookie_io_functions_t{nullptr, write, nullptr, nullptr});
  if (stream == nullptr) return false;
  setvbuf(stream, nullptr, _IONBF, 0);
  stderr = stream;
#endif
  return true;
}

// From here on the calling thread collects.
inline void begin() {
  static const bool replaced = replace();
  (void)replaced;
  collected.clear();
  collecting = true;
}

// What the calling thread has printed since begin(), which it stops to collect; valid until its next begin().
inline const char* end() {
  collecting = false;
  return collected.c_str();
}

}  // namespace decoder_messages
}  // namespace gradmimic
