// OpenBLAS's jobs on OpenMP's threads.
//
// OpenBLAS hands over the jobs of one call and waits until all are done. The jobs of a product wait for each
// other while they run, so each needs a thread of its own: a team may be larger than there are jobs, never
// smaller. The team is as large as that of every other parallel region, since OpenMP ends and starts threads
// whenever the size changes.
#include "cpu/share_threads.h"

#include <omp.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

namespace gm::cpu {
namespace {

// OpenBLAS's openblas_dojob_callback and openblas_threads_callback.
using Job = void (*)(int thread, void *data, int extra);
using Runner = void (*)(int sync, Job job, int count, size_t size, void *data, int extra);

std::atomic<int> max_threads{0};

struct Jobs {
    Job job;
    int count;
    size_t size;
    char *data;
    int extra;
    void run(int i) const { job(max_threads - count + i, data + static_cast<size_t>(i) * size, extra); }
};

// False, with nothing done, if OpenMP gives fewer threads than there are jobs: inside of a parallel region, or
// by its limits.
bool run_on_team(const Jobs &jobs) {
    if (omp_in_parallel()) return false;
    const int usual = omp_get_max_threads();
    bool enough = true;
#pragma omp parallel num_threads(usual < jobs.count ? jobs.count : usual)
    {
        if (omp_get_num_threads() >= jobs.count) {
            if (omp_get_thread_num() < jobs.count) jobs.run(omp_get_thread_num());
        } else if (omp_get_thread_num() == 0) {
            enough = false;
        }
    }
    return enough;
}

// Threads for the jobs of a call inside of a parallel region, where OpenMP has none left. They are kept, because
// LibTorch's attention makes thousands of such calls a second: to start threads for each takes longer than the
// products. They end with the process.
class KeptThreads {
public:
    void run(const Jobs &jobs) {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            while (threads_ < jobs.count - 1) {
                const int number = ++threads_;
                std::thread([this, number, round = round_] { work(number, round); }).detach();
            }
            jobs_ = jobs;
            left_ = jobs.count - 1;
            round_++;
        }
        begin_.notify_all();
        jobs.run(0);
        std::unique_lock<std::mutex> lock(mutex_);
        end_.wait(lock, [this] { return left_ == 0; });
    }

private:
    void work(int number, long seen) {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            begin_.wait(lock, [&] { return round_ != seen; });
            seen = round_;
            if (number >= jobs_.count) continue;
            const Jobs jobs = jobs_;
            lock.unlock();
            jobs.run(number);
            lock.lock();
            if (--left_ == 0) end_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable begin_, end_;
    Jobs jobs_{};
    int threads_ = 0;
    int left_ = 0;
    long round_ = 0;
};

// One caller at a time: the threads' numbers, and so their scratch memory, are the same in every call. A thread
// that cannot be started ends the process, as in OpenBLAS itself: the jobs that run already wait for it.
void run_jobs(int, Job job, int count, size_t size, void *data, int extra) noexcept {
    static std::mutex mutex;
    static KeptThreads &kept = *new KeptThreads();
    const std::lock_guard<std::mutex> alone(mutex);
    const Jobs jobs = {job, count, size, static_cast<char *>(data), extra};
    if (count == 1) jobs.run(0);
    else if (!run_on_team(jobs)) kept.run(jobs);
}

}  // namespace

void share_threads(void *set_callback, int threads) {
    max_threads = threads;
    reinterpret_cast<void (*)(Runner)>(set_callback)(run_jobs);
}

}  // namespace gm::cpu
