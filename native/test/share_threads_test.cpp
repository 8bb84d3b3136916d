#include <omp.h>

#include <atomic>
#include <set>
#include <thread>

#include "arrays.h"

namespace {

// What OpenBLAS is to gm_share_threads: it keeps the callback and calls it with jobs that wait for each other.
using Job = void (*)(int, void *, int);
using Runner = void (*)(int, Job, int, size_t, void *, int);
Runner run = nullptr;

void set_callback(Runner runner) { run = runner; }

constexpr int kMaxThreads = 9;

struct Item {
    std::atomic<int> *arrived;
    int count;
    int thread;
    int extra;
    int times;
};

void job(int thread, void *data, int extra) {
    Item &item = *static_cast<Item *>(data);
    item.thread = thread;
    item.extra = extra;
    item.times++;
    item.arrived->fetch_add(1);
    while (item.arrived->load() < item.count) std::this_thread::yield();
}

// Whether every job ran once, all at the same time, each under a number of its own.
bool runs(int count) {
    std::atomic<int> arrived{0};
    std::vector<Item> items(static_cast<size_t>(count), Item{&arrived, count, -1, -1, 0});
    run(1, job, count, sizeof(Item), items.data(), 42);
    std::set<int> threads;
    for (const Item &item : items) {
        threads.insert(item.thread);
        if (item.times != 1 || item.extra != 42) return false;
    }
    return static_cast<int>(threads.size()) == count && *threads.begin() == kMaxThreads - count &&
           *threads.rbegin() == kMaxThreads - 1;
}

void share() { CHECK_OK(gm_share_threads(reinterpret_cast<void *>(set_callback), kMaxThreads)); }

}  // namespace

TEST(every_job_has_a_thread_of_its_own) {
    share();
    for (int threads : {1, 2, 5}) {
        omp_set_num_threads(threads);
        for (int count : {1, 2, 3, 8}) CHECK(runs(count));
        CHECK(gm_cpu_threads() == threads);
    }
    omp_set_num_threads(omp_get_num_procs());
}

TEST(jobs_inside_of_a_parallel_region_do_not_wait_for_each_other_in_vain) {
    share();
    std::atomic<int> good{0};
#pragma omp parallel for num_threads(3)
    for (int i = 0; i < 6; i++) good += runs(4);
    CHECK(good == 6);
}

TEST(callers_take_turns) {
    share();
    std::atomic<int> good{0};
    std::atomic<bool> together{false};
    static std::atomic<int> inside;
    inside = 0;
    static std::atomic<bool> *met;
    met = &together;
    const Job alone = [](int, void *, int) {
        if (inside.fetch_add(1) > 0) *met = true;
        std::this_thread::yield();
        inside.fetch_sub(1);
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; i++) {
                good += runs(3);
                char nothing = 0;
                run(1, alone, 1, 1, &nothing, 0);
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    CHECK(good == 200);
    CHECK(!together);
}

TEST(refuses_by_name) {
    CHECK_REFUSED(gm_share_threads(nullptr, 64), GM_INVALID_ARGUMENT, "gm_share_threads: set_callback is NULL");
    CHECK_REFUSED(gm_share_threads(reinterpret_cast<void *>(set_callback), 0), GM_INVALID_ARGUMENT, "max_threads is 0");
}
