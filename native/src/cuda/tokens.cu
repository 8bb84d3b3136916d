#include "cuda/tokens.cuh"

#include "base/failure.h"
#include "cuda/launch.h"

namespace gm::cuda {

void launch_tokens(const gm_queue &queue, const gm_array &delta, const Tokens &tokens, bool all) {
    if (tokens.samples > UINT32_MAX || tokens.per_sample > UINT32_MAX)
        fail(GM_UNSUPPORTED, "GM_CUDA takes up to %u samples of up to as many tokens", UINT32_MAX);
    const int64_t count = tokens.samples * tokens.per_sample, groups = divide_up(count, kTokenGroup);
    if (all) {
        launch(queue, "list_all_tokens", list_all_tokens, divide_up(larger(count, tokens.samples + 1), kTokenThreads),
               kTokenThreads, 0, tokens);
        return;
    }
    static Slots slots;
    const int32_t slot = groups > 0 && groups <= kListedAtOnce ? slots.of(tokens.which) : -1;
    launch(queue, "find_tokens", find_tokens, groups, kTokenThreads, sizeof(FindShared), delta, tokens, slot);
    if (slot >= 0) return;
    launch_behind(queue, "list_tokens", list_tokens, larger(1, divide_up(count, kListThreads)), kListThreads,
                  sizeof(ListShared), tokens);  // none are listed too
}

}  // namespace gm::cuda
