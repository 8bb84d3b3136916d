#include "cuda/tokens.cuh"

#include "base/failure.h"
#include "cuda/launch.h"

namespace gm::cuda {

void launch_tokens(const gm_queue &queue, const gm_array &delta, const Tokens &tokens) {
    if (tokens.samples > UINT32_MAX || tokens.per_sample > UINT32_MAX)
        fail(GM_UNSUPPORTED, "GM_CUDA takes up to %u samples of up to as many tokens", UINT32_MAX);
    static Slots slots;
    const int64_t all = tokens.samples * tokens.per_sample, groups = divide_up(all, kTokenGroup);
    const int32_t slot = groups > 0 && groups <= kListedAtOnce ? slots.of(tokens.which) : -1;
    launch(queue, "find_tokens", find_tokens, groups, kTokenThreads, sizeof(FindShared), delta, tokens, slot);
    if (slot >= 0) return;
    launch_behind(queue, "list_tokens", list_tokens, larger(1, divide_up(all, kListThreads)), kListThreads,
                  sizeof(ListShared), tokens);  // none are listed too
}

}  // namespace gm::cuda
