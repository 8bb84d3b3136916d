#pragma once

namespace gm::cpu {

// Hands OpenBLAS, through its openblas_set_threads_callback_function, what runs its jobs on OpenMP's threads;
// `threads` is its MAX_THREADS.
void share_threads(void *set_callback, int threads);

}  // namespace gm::cpu
