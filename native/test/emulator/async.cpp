#include "async.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/element.h"
#include "machine.h"

namespace emulator {
namespace {

constexpr unsigned kWarp = 32, kWarps = 4, kRows = 16, kDepth = 16;

struct Barrier {
    unsigned arrivals = 0, missing = 0;
    unsigned parity = 0;  // of the phase that is going on
};

// One instruction of a warp: its lanes' sums, and what all lanes have brought alike.
struct WarpProduct {
    std::array<float *, kWarp> sums;
    Product shared;
    int columns;
    uint64_t fenced;  // when the last of its lanes was behind a fence.proxy.async
};

struct WarpState {
    std::vector<WarpProduct> open;                 // in no group yet
    bool uncommitted = false;                      // products since the last commit, made or not
    std::vector<std::vector<WarpProduct>> groups;  // that nobody has waited for
    std::map<float *, std::vector<float>> values;  // by the first lane's sums: what the products have found so far
    std::map<float *, std::array<float *, kWarp>> places;
    bool fenced = false;
    std::vector<std::pair<uint64_t, uint64_t>> descriptors;  // of all products so far

    bool idle() const { return open.empty() && groups.empty(); }
};

// A chunk that a cp.async has written.
struct Hidden {
    unsigned writer = 0;  // 1 + the thread that has not shown it; 0: none
    uint64_t time = 0;
};

// An arrival that takes place once a thread's first so many copies have.
struct Arrival {
    const void *barrier;
    unsigned thread;
    size_t copies;
};

struct State {
    std::map<const void *, Barrier> barriers;
    std::vector<WarpState> warps;
    std::vector<Hidden> hidden;                  // by chunk
    std::vector<std::vector<size_t>> hidden_by;  // chunks by thread
    std::vector<uint64_t> fences;                // by thread: when its last fence.proxy.async was
    std::vector<Arrival> arrivals;               // that come with copies
    uint64_t now = 0;
};

State &state() {
    static State only;
    return only;
}

// ---- products ----------------------------------------------------------------------------------

struct Descriptor {
    unsigned start, stride;
};

Descriptor decode(uint64_t bits) {
    const unsigned swizzle = static_cast<unsigned>(bits >> 62), base = static_cast<unsigned>(bits >> 49 & 7);
    if (swizzle != 1)
        fail_thread("wgmma: the emulator knows the swizzle of 128 bytes, the descriptor has mode " +
                    std::to_string(swizzle));
    if (base != 0)
        fail_thread("wgmma: the descriptor's base offset is " + std::to_string(base) +
                    ", but patterns here begin on 1024 bytes");
    if ((bits & 0x3ff1c000c000c000u) != 0) fail_thread("wgmma: bits of the descriptor are set that have no meaning");
    return {static_cast<unsigned>(bits & 0x3fff) << 4, static_cast<unsigned>(bits >> 32 & 0x3fff) << 4};
}

// Rows [first, first + count) of a side, widened. Eight rows are 8 x 128 bytes, the next eight one stride further; then
// address bits 4 to 6 are xored with bits 7 to 9.
std::vector<float> read_side(const Descriptor &side, unsigned first, unsigned count, bool bf16, uint64_t fenced) {
    std::vector<float> values(size_t{count} * kDepth);
    for (unsigned r = 0; r < count; r++) {
        for (unsigned k = 0; k < kDepth; k++) {
            const unsigned row = first + r, plain = side.start + row / 8 * side.stride + row % 8 * 128 + k * 2,
                           address = plain ^ (plain >> 7 & 7) << 4;
            const size_t at = size_t{address} - kSharedBase;
            if (address < kSharedBase || at + 2 > shared_bytes())
                fail_thread("wgmma reads outside shared memory, at " + std::to_string(address));
            const Hidden &hidden = state().hidden[at / 16];
            if (hidden.writer != 0 && hidden.time > fenced) {
                fail_thread("wgmma reads what thread " + std::to_string(hidden.writer - 1) +
                            " has copied, and neither it nor who multiplies has shown by fence.proxy.async, at " +
                            std::to_string(address));
            }
            uint16_t bits;
            std::memcpy(&bits, shared_begin() + at, sizeof bits);
            values[size_t{r} * kDepth + k] = bf16 ? gm::bf16_to_float(bits) : gm::f16_to_float(bits);
        }
    }
    return values;
}

void make(WarpState &warp, unsigned number, const WarpProduct &product) {
    const unsigned columns = static_cast<unsigned>(product.columns), sums = columns / 2;
    const std::vector<float> left =
        read_side(decode(product.shared.left), number % kWarps * kRows, kRows, product.shared.bf16, product.fenced);
    const std::vector<float> right =
        read_side(decode(product.shared.right), 0, columns, product.shared.bf16, product.fenced);
    std::vector<float> &values = warp.values.at(product.sums[0]);
    for (unsigned lane = 0; lane < kWarp; lane++) {
        for (unsigned n = 0; n < sums; n++) {
            const unsigned row = lane / 4 + n / 2 % 2 * 8, column = n / 4 * 8 + lane % 4 * 2 + n % 2;
            float sum = 0;
            for (unsigned k = 0; k < kDepth; k++) sum += left[row * kDepth + k] * right[column * kDepth + k];
            float &value = values[lane * sums + n];
            value = product.shared.add ? value + sum : sum;
        }
    }
    count_multiplication();
}

// All products of a group, and of those before it.
void make_groups(WarpState &warp, unsigned number, size_t left) {
    while (warp.groups.size() > left) {
        for (const WarpProduct &product : warp.groups.front()) make(warp, number, product);
        warp.groups.erase(warp.groups.begin());
    }
}

unsigned this_warp() { return current_thread() / kWarp; }
WarpState &warp_state() { return state().warps[this_warp()]; }

// The threads see NaN from now on, and what the products find later.
void take_sums(WarpState &warp, const WarpProduct &product) {
    if (warp.values.count(product.sums[0]) != 0) return;
    const size_t sums = static_cast<size_t>(product.columns) / 2;
    std::vector<float> &values = warp.values[product.sums[0]];
    for (float *lane : product.sums) {
        values.insert(values.end(), lane, lane + sums);
        std::fill(lane, lane + sums, std::numeric_limits<float>::quiet_NaN());
    }
    warp.places[product.sums[0]] = product.sums;
}

void give_sums(WarpState &warp) {
    for (const auto &[first, values] : warp.values) {
        const size_t sums = values.size() / kWarp;
        for (size_t lane = 0; lane < kWarp; lane++)
            std::copy_n(values.begin() + static_cast<ptrdiff_t>(lane * sums), sums, warp.places[first][lane]);
    }
    warp.values.clear();
    warp.places.clear();
}

// The four warps of a group bring the same descriptors in the same order.
void compare_descriptors(unsigned number, const Product &product) {
    std::vector<WarpState> &warps = state().warps;
    warps[number].descriptors.emplace_back(product.left, product.right);
    const size_t n = warps[number].descriptors.size() - 1;
    for (unsigned other = number / kWarps * kWarps; other < number / kWarps * kWarps + kWarps; other++) {
        if (other >= warps.size()) fail_thread("wgmma in a block whose last warpgroup is not whole");
        if (warps[other].descriptors.size() > n && warps[other].descriptors[n] != warps[number].descriptors[n]) {
            fail_thread("wgmma: warps " + std::to_string(number) + " and " + std::to_string(other) +
                        " of one group have other descriptors");
        }
    }
}

Barrier &known(const void *barrier) {
    const auto found = state().barriers.find(barrier);
    if (found == state().barriers.end()) fail_thread("an mbarrier that nobody has started");
    return found->second;
}

}  // namespace

void fence_sums(const char *file, int line) {
    exchange(0xffffffffu, 0, "wgmma.fence", file, line);
    warp_state().fenced = true;
}

void multiply_later(const Product &product, int columns, const char *file, int line) {
    const uint64_t *all = exchange(0xffffffffu, reinterpret_cast<uintptr_t>(&product), "wgmma", file, line);
    WarpState &warp = warp_state();
    if (lane() == 0) {
        if (!warp.fenced) fail_thread("wgmma without a wgmma.fence behind what has touched its sums");
        WarpProduct whole = {{},
                             product,
                             columns,
                             *std::min_element(state().fences.begin() + current_thread(),
                                               state().fences.begin() + current_thread() + kWarp)};
        for (unsigned n = 0; n < kWarp; n++) {
            const Product &other = *reinterpret_cast<const Product *>(all[n]);
            if (other.left != product.left || other.right != product.right || other.add != product.add)
                fail_thread("wgmma: lanes have other descriptors");
            whole.sums[n] = other.sums;
        }
        compare_descriptors(this_warp(), product);
        decode(product.left);
        decode(product.right);
        take_sums(warp, whole);
        warp.open.push_back(whole);
        warp.uncommitted = true;
        if (random_order()() % 2 == 0) {  // now, and all before it
            make_groups(warp, this_warp(), 0);
            for (const WarpProduct &made : std::exchange(warp.open, {})) make(warp, this_warp(), made);
            warp.groups.emplace_back();  // so that the wait still is asked for
        }
    }
    exchange(0xffffffffu, 0, "wgmma", file, line);  // lane 0 has read what the others brought
}

void commit_products(const char *file, int line) {
    exchange(0xffffffffu, 0, "wgmma.commit_group", file, line);
    if (lane() == 0) {
        warp_state().groups.push_back(std::exchange(warp_state().open, {}));
        warp_state().uncommitted = false;
    }
    exchange(0xffffffffu, 0, "wgmma.commit_group", file, line);
}

void wait_for_products(int pending, const char *file, int line) {
    exchange(0xffffffffu, 0, "wgmma.wait_group", file, line);
    WarpState &warp = warp_state();
    if (lane() == 0) {
        if (warp.uncommitted) fail_thread("wgmma.wait_group with products that no wgmma.commit_group has closed");
        make_groups(warp, this_warp(), static_cast<size_t>(pending));
        if (warp.idle()) {
            give_sums(warp);
            warp.fenced = false;  // the threads may touch them now
        }
    }
    exchange(0xffffffffu, 0, "wgmma.wait_group", file, line);
}

// ---- what copies have written --------------------------------------------------------------------

void async_chunk_written(const void *to, unsigned thread) {
    const unsigned char *at = static_cast<const unsigned char *>(to);
    if (at < shared_begin() || at >= shared_begin() + shared_bytes()) return;
    const size_t chunk = static_cast<size_t>(at - shared_begin()) / 16;
    state().hidden[chunk] = {thread + 1, ++state().now};
    state().hidden_by[thread].push_back(chunk);
}

void show_to_products() {
    std::vector<size_t> &mine = state().hidden_by[current_thread()];
    for (const size_t chunk : mine) {
        if (state().hidden[chunk].writer == current_thread() + 1) state().hidden[chunk].writer = 0;
    }
    mine.clear();
    state().fences[current_thread()] = ++state().now;
}

// ---- barriers ------------------------------------------------------------------------------------

void start_barrier(const void *barrier, unsigned arrivals) {
    if (arrivals == 0) fail_thread("an mbarrier of no arrivals");
    state().barriers[barrier] = {arrivals, arrivals, 0};
}

void arrive(const void *barrier) {
    Barrier &b = known(barrier);
    if (--b.missing > 0) return;
    b.missing = b.arrivals;
    b.parity ^= 1;
    unpark_all();
}

void arrive_with_copies(const void *barrier) {
    known(barrier);
    state().arrivals.push_back({barrier, current_thread(), copies_asked()});
    if (random_order()() % 2 == 0) async_goes_on();
}

bool async_goes_on() {
    std::vector<Arrival> &arrivals = state().arrivals;
    if (arrivals.empty()) return false;
    std::swap(arrivals[random_order()() % arrivals.size()], arrivals.back());
    const Arrival arrival = arrivals.back();
    arrivals.pop_back();
    make_copies(arrival.thread, arrival.copies);
    arrive(arrival.barrier);
    return true;
}

void wait_for_phase(const void *barrier, unsigned parity, const char *file, int line) {
    while (known(barrier).parity == parity) park("mbarrier.try_wait", file, line);
}

// ---- a block's beginning and its threads' ends ----------------------------------------------------

void async_block_begins() {
    state() = {};
    state().warps.resize((block_threads() + kWarp - 1) / kWarp);
    state().hidden.resize(shared_bytes() / 16 + 1);
    state().hidden_by.resize(block_threads());
    state().fences.resize((block_threads() + kWarp - 1) / kWarp * kWarp);
}

void async_thread_ends() {
    if (current_thread() % kWarp == 0 && !warp_state().idle())
        fail_thread("it ends with products under way that it has not waited for");
}

}  // namespace emulator
