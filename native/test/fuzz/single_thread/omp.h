// OpenMP with one thread, for a compiler that has no OpenMP at hand; its pragmas are then ignored.
#pragma once

inline int omp_get_max_threads() { return 1; }
inline int omp_get_num_procs() { return 1; }
inline int omp_get_num_threads() { return 1; }
inline int omp_get_thread_num() { return 0; }
inline int omp_in_parallel() { return 0; }
