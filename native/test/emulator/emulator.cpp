#include "emulator.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "copies.h"
#include "cuda_runtime.h"
#include "machine.h"
#include "sanitizer.h"

// Leaves one stack for another: *left becomes this one's pointer, `to` is where the other was left. Written out,
// since swapcontext makes a system call and the sanitizer's version of it clears the shadow of a whole
// stack, hundreds of times the price of the kernels' own work.
extern "C" void gm_emulator_switch(void **left, void *to);

#if defined(__x86_64__)
__asm__(R"(
.text
.type gm_emulator_switch, @function
gm_emulator_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size gm_emulator_switch, .-gm_emulator_switch
)");

static void *first_frame(void *top, void (*enter)()) {
    void **at = static_cast<void **>(top) - 1;  // the return address that `enter` never uses: 8 beside a multiple of 16
    *at = nullptr;
    *--at = reinterpret_cast<void *>(enter);
    return at - 6;
}
#elif defined(__aarch64__)
__asm__(R"(
.text
.type gm_emulator_switch, %function
gm_emulator_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
.size gm_emulator_switch, .-gm_emulator_switch
)");

static void *first_frame(void *top, void (*enter)()) {
    void **at = static_cast<void **>(top) - 20;
    at[11] = reinterpret_cast<void *>(enter);  // x30
    return at;
}
#else
#error "the emulator switches stacks on x86-64 and aarch64 only"
#endif

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulator {
namespace {

constexpr size_t kStack = 512 << 10;  // address space; pages that are never touched cost nothing
constexpr unsigned kWarp = 32, kMostThreads = 1024;

struct Site {
    const char *name, *file;
    int line;
    bool operator==(const Site &other) const {
        return line == other.line && (file == other.file || std::strcmp(file, other.file) == 0) &&
               std::strcmp(name, other.name) == 0;
    }
    std::string text() const { return std::string(name) + " at " + file + ":" + std::to_string(line); }
};

enum class State { ready, waiting, done };

struct Fibre {
    void *stack = nullptr, *fake_stack = nullptr;
    void *left = nullptr;  // its stack pointer while others run
    State state = State::done;
    Site site{};
    bool waited = false;  // for the grid before
    Copies copies;
};

struct Warp {
    uint64_t brought[kWarp], given[kWarp];
    unsigned arrived = 0;
    Site site{};
};

struct Abandoned {};

class Machine {
public:
    cudaError_t launch(const cudaLaunchConfig_t &config, const std::function<void()> &thread, bool behind);
    void wait_for_grid_before();
    void barrier(const Site &site);
    const uint64_t *exchange(unsigned mask, uint64_t value, const Site &site);
    void *shared(size_t bytes);
    unsigned current() const { return current_; }
    std::mt19937_64 &random() { return random_; }
    const std::string &failure() const { return failure_; }
    // As fail(), from anywhere in a thread: what is on its stack is cleaned up.
    [[noreturn]] void fail_thread(const std::string &why) {
        fail(why);
        throw Abandoned();
    }
    void park(const Site &site);
    void unpark_all();
    unsigned threads() const { return threads_; }
    unsigned char *shared_begin() { return shared_.get(); }
    size_t shared_bytes() const { return shared_bytes_; }
    Copies &copies() { return fibres_[current_]->copies; }
    Copies &copies_of(unsigned thread) { return fibres_[thread]->copies; }
    int64_t multiplications = 0;  // fragments' products, once a lane

private:
    void run_block();
    void resume(unsigned n);
    void yield();
    void fail(const std::string &why);
    [[noreturn]] void abandon();
    std::string block_text() const;
    std::string who_waits() const;
    static void enter();
    void prepare(unsigned threads);
    void drop_fibres();

    std::mt19937_64 random_{1};
    std::vector<std::unique_ptr<Fibre>> fibres_;
    std::vector<Warp> warps_;
    std::vector<unsigned> ready_, parked_;
    std::unique_ptr<unsigned char[]> shared_;
    size_t shared_bytes_ = 0;
    bool behind_ = false;  // another grid
    unsigned threads_ = 0, current_ = 0, at_barrier_ = 0;
    Site barrier_site_{};
    const std::function<void()> *thread_ = nullptr;
    std::string failure_;
    void *scheduler_ = nullptr;  // its stack pointer while a fibre runs
    void *fake_stack_ = nullptr;
    const void *host_stack_ = nullptr;
    size_t host_stack_bytes_ = 0;
};

Machine &machine() {
    static Machine only;
    return only;
}

// A fibre runs one thread of a block after the other for as long as the machine keeps it.
void Machine::enter() {
    Machine &m = machine();
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &m.host_stack_, &m.host_stack_bytes_);
#endif
    for (;;) {
        try {
            (*m.thread_)();
            if (m.copies().under_way()) m.fail("it ends with copies under way that it has not waited for");
            if (m.behind_ && !m.fibres_[m.current_]->waited)
                m.fail("it ends without having waited for the grid before");
            async_thread_ends();
        } catch (const Abandoned &) {
            m.abandon();
        }
        m.fibres_[m.current_]->state = State::done;
        m.yield();
    }
}

void Machine::prepare(unsigned threads) {
    while (fibres_.size() < threads) {
        auto fibre = std::make_unique<Fibre>();
        fibre->stack =
            mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (fibre->stack == MAP_FAILED) std::abort();
        ASAN_UNPOISON_MEMORY_REGION(fibre->stack, kStack);  // what a fibre that was dropped has left
        fibre->left = first_frame(static_cast<char *>(fibre->stack) + kStack, &Machine::enter);
        fibres_.push_back(std::move(fibre));
    }
}

void Machine::drop_fibres() {
    for (auto &fibre : fibres_) munmap(fibre->stack, kStack);
    fibres_.clear();
}

void Machine::resume(unsigned n) {
    Fibre &fibre = *fibres_[n];
    current_ = n;
    threadIdx = {n % blockDim.x, n / blockDim.x % blockDim.y, n / blockDim.x / blockDim.y};
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&fake_stack_, fibre.stack, kStack);
#endif
    gm_emulator_switch(&scheduler_, fibre.left);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_stack_, nullptr, nullptr);
#endif
}

void Machine::yield() {
    Fibre &fibre = *fibres_[current_];
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&fibre.fake_stack, host_stack_, host_stack_bytes_);
#endif
    gm_emulator_switch(&fibre.left, scheduler_);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fibre.fake_stack, nullptr, nullptr);
#endif
}

std::string Machine::block_text() const {
    return "block (" + std::to_string(blockIdx.x) + ", " + std::to_string(blockIdx.y) + ", " +
           std::to_string(blockIdx.z) + ")";
}

void Machine::fail(const std::string &why) {
    if (failure_.empty()) failure_ = block_text() + ", thread " + std::to_string(current_) + ": " + why;
}

// Leaves a fibre whose launch has failed; nothing on its stack is ever cleaned up.
void Machine::abandon() {
    yield();
    std::abort();
}

std::string Machine::who_waits() const {
    std::vector<std::pair<Site, unsigned>> sites;
    unsigned returned = 0;
    for (unsigned n = 0; n < threads_; n++) {
        const Fibre &fibre = *fibres_[n];
        if (fibre.state == State::done) {
            returned++;
            continue;
        }
        const auto known =
            std::find_if(sites.begin(), sites.end(), [&](const auto &site) { return site.first == fibre.site; });
        if (known == sites.end()) sites.emplace_back(fibre.site, 1);
        else known->second++;
    }
    std::string text;
    for (const auto &[site, count] : sites)
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " wait in " + site.text();
    return text + (returned == 0 ? "" : ", " + std::to_string(returned) + " have returned");
}

void Machine::run_block() {
    std::memset(shared_.get(), 0xff, shared_bytes_);
    at_barrier_ = 0;
    parked_.clear();
    async_block_begins();
    if (behind_) open_memory(false);
    warps_.assign((threads_ + kWarp - 1) / kWarp, Warp{});
    ready_.resize(threads_);
    std::iota(ready_.begin(), ready_.end(), 0u);
    for (unsigned n = 0; n < threads_; n++) {
        fibres_[n]->state = State::ready;
        fibres_[n]->waited = false;
        fibres_[n]->copies = Copies(n);
    }
    unsigned done = 0;
    while (failure_.empty()) {
        // What goes on by itself does so at any time, and at the latest when nobody else can go on.
        if ((ready_.empty() || random_() % 16 == 0) && !async_goes_on() && ready_.empty()) break;
        if (ready_.empty()) continue;
        std::swap(ready_[random_() % ready_.size()], ready_.back());
        const unsigned n = ready_.back();
        ready_.pop_back();
        resume(n);
        done += fibres_[n]->state == State::done;
    }
    if (failure_.empty() && done < threads_) {
        failure_ = block_text() + " is stuck: " + who_waits();
    }
}

void Machine::wait_for_grid_before() {
    fibres_[current_]->waited = true;
    if (behind_) open_memory(true);
}

void Machine::barrier(const Site &site) {
    Fibre &fibre = *fibres_[current_];
    fibre.site = site;
    if (at_barrier_ == 0) barrier_site_ = site;
    else if (!(barrier_site_ == site))
        fail("divergent barrier: " + site.text() + ", while others wait in " + barrier_site_.text());
    if (!failure_.empty()) abandon();
    if (++at_barrier_ == threads_) {
        at_barrier_ = 0;
        for (unsigned n = 0; n < threads_; n++) {
            if (n == current_) continue;
            fibres_[n]->state = State::ready;
            ready_.push_back(n);
        }
    } else {
        fibre.state = State::waiting;
    }
    if (fibre.state == State::ready) ready_.push_back(current_);  // the last to come goes on no sooner than the others
    yield();
}

const uint64_t *Machine::exchange(unsigned mask, uint64_t value, const Site &site) {
    Warp &warp = warps_[current_ / kWarp];
    const unsigned lane = current_ % kWarp, first = current_ - lane;
    Fibre &fibre = *fibres_[current_];
    fibre.site = site;
    if (mask != 0xffffffffu || first + kWarp > threads_)
        fail(site.text() + " with a part of a warp; kernels here use whole warps");
    else if (warp.arrived != 0 && !(warp.site == site))
        fail("divergent warp: " + site.text() + ", while other lanes wait in " + warp.site.text());
    if (!failure_.empty()) abandon();
    warp.site = site;
    warp.arrived |= 1u << lane;
    warp.brought[lane] = value;
    if (warp.arrived == 0xffffffffu) {
        warp.arrived = 0;
        std::copy(warp.brought, warp.brought + kWarp, warp.given);
        for (unsigned n = first; n < first + kWarp; n++) {
            fibres_[n]->state = State::ready;
            ready_.push_back(n);
        }
    } else {
        fibre.state = State::waiting;
    }
    yield();
    return warp.given;
}

// Waits for something that another thread will have done when it calls unpark_all().
void Machine::park(const Site &site) {
    if (!failure_.empty()) abandon();
    fibres_[current_]->site = site;
    fibres_[current_]->state = State::waiting;
    parked_.push_back(current_);
    yield();
}

void Machine::unpark_all() {
    for (const unsigned n : std::exchange(parked_, {})) {
        fibres_[n]->state = State::ready;
        ready_.push_back(n);
    }
}

void *Machine::shared(size_t bytes) {
    if (bytes > shared_bytes_)
        fail("the kernel wants " + std::to_string(bytes) + " bytes of shared memory, the launch gives " +
             std::to_string(shared_bytes_));
    if (!failure_.empty()) abandon();
    return shared_.get();
}

cudaError_t Machine::launch(const cudaLaunchConfig_t &config, const std::function<void()> &thread, bool behind) {
    const uint64_t threads = uint64_t{config.blockDim.x} * config.blockDim.y * config.blockDim.z;
    const uint64_t blocks = uint64_t{config.gridDim.x} * config.gridDim.y * config.gridDim.z;
    if (threads == 0 || threads > kMostThreads || blocks == 0 || config.gridDim.x > 0x7fffffffu ||
        config.gridDim.y > 65535 || config.gridDim.z > 65535) {
        return cudaErrorInvalidConfiguration;
    }
    gridDim = config.gridDim;
    blockDim = config.blockDim;
    threads_ = static_cast<unsigned>(threads);
    thread_ = &thread;
    behind_ = behind;
    shared_bytes_ = config.dynamicSmemBytes;
    shared_.reset(new unsigned char[shared_bytes_]);
    failure_.clear();
    prepare(threads_);
    std::vector<uint32_t> order(blocks);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), random_);
    for (const uint32_t n : order) {
        blockIdx = {n % gridDim.x, n / gridDim.x % gridDim.y, n / gridDim.x / gridDim.y};
        run_block();
        if (failure_.empty()) continue;
        drop_fibres();  // they stand in the middle of a thread
        return cudaErrorLaunchFailure;
    }
    return cudaSuccess;
}

}  // namespace

void seed(uint64_t value) { machine().random().seed(value); }
const std::string &failure() { return machine().failure(); }
int64_t multiplications() { return machine().multiplications; }
cudaError_t run_grid(const cudaLaunchConfig_t &config, const std::function<void()> &thread, bool behind) {
    return machine().launch(config, thread, behind);
}
void wait_for_grid_before() { machine().wait_for_grid_before(); }

void barrier(const char *file, int line) { machine().barrier({"__syncthreads", file, line}); }
const uint64_t *exchange(unsigned mask, uint64_t value, const char *name, const char *file, int line) {
    return machine().exchange(mask, value, {name, file, line});
}
unsigned lane() { return machine().current() % kWarp; }
void *shared_memory(size_t bytes) { return machine().shared(bytes); }
void copy_later(void *to, const void *from, int bytes) {
    machine().copies().add(to, from, bytes, machine().random()() % 2 == 0);
}
void commit_copies() { machine().copies().commit(); }
void wait_for_copies(int pending) { machine().copies().wait(pending); }
size_t copies_asked() { return machine().copies().asked(); }
void make_copies(unsigned thread, size_t count) { machine().copies_of(thread).make_first(count); }
unsigned current_thread() { return machine().current(); }
unsigned block_threads() { return machine().threads(); }
std::mt19937_64 &random_order() { return machine().random(); }
void fail_thread(const std::string &why) { machine().fail_thread(why); }
void park(const char *name, const char *file, int line) { machine().park({name, file, line}); }
void unpark_all() { machine().unpark_all(); }
unsigned char *shared_begin() { return machine().shared_begin(); }
size_t shared_bytes() { return machine().shared_bytes(); }
unsigned shared_address(const void *memory) {
    return kSharedBase + static_cast<unsigned>(static_cast<const unsigned char *>(memory) - shared_begin());
}
void *shared_pointer(unsigned address) { return shared_begin() + (address - kSharedBase); }
void trap() { fail_thread("__trap"); }
void count_multiplication() { machine().multiplications++; }

}  // namespace emulator
