/*
 * Scores a small batch against a reference head: which samples pull the model toward the reference, and
 * which away from it? One label is wrong, and its score says so.
 *
 *   features h [B,I], labels y [B], head W [C,I], reference head W_ref [C,I]
 *   V = W_ref - W                       gm_direction
 *   loss, score and |g| of every sample gm_head_score
 *   weights softmax(score)              gm_mimic_weights
 *
 * Everything is computed twice, by GM_CPU in float and by GM_REFERENCE in double; the program fails if
 * they disagree. score.py prints the same table.
 */
#include <gradmimic/gradmimic.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { B = 10, I = 128, C = 5, WRONG = 6 };

/* Ends the program with the library's own words if a call fails. */
static void check(gm_status status) {
    if (status == GM_OK) return;
    fprintf(stderr, "score: status %d: %s\n", (int)status, gm_last_error());
    exit(1);
}

static gm_array vector(void *data, int32_t dtype, int64_t n) {
    const gm_array array = {.data = data, .dtype = dtype, .rank = 1, .shape = {n}, .stride = {1}};
    return array;
}

static gm_array matrix(void *data, int32_t dtype, int64_t rows, int64_t columns) {
    const gm_array array = {.data = data, .dtype = dtype, .rank = 2, .shape = {rows, columns}, .stride = {columns, 1}};
    return array;
}

/* Numbers in [-1, 1) that are the same on every machine and in every language. */
static float next(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0f - 1.0f;
}

static void *scratch(size_t bytes) {
    void *memory = bytes == 0 ? NULL : malloc(bytes);
    if (bytes != 0 && memory == NULL) {
        fprintf(stderr, "score: no memory for a workspace of %zu bytes\n", bytes);
        exit(1);
    }
    return memory;
}

/* Loss, score, |g| and weight of every sample into four arrays [B] of `dtype`. */
static void run(const gm_queue *queue, float *features, int64_t *labels, float *head, float *reference, int32_t dtype,
                void *loss, void *score, void *norm, void *weight) {
    static float v[C * I];
    double norm_squared = 0;
    int64_t non_finite = 0;
    size_t bytes = 0;
    void *workspace;

    const gm_array parameter = matrix(head, GM_F32, C, I), target = matrix(reference, GM_F32, C, I),
                   direction = matrix(v, GM_F32, C, I);
    const gm_direction_args direct = {1, &target, &parameter, &direction, NULL, &norm_squared, NULL};
    check(gm_direction_workspace_size(queue, &direct, &bytes));
    workspace = scratch(bytes);
    check(gm_direction(queue, &direct, workspace, bytes));
    free(workspace);

    gm_head_score_args scoring = {0};
    scoring.features = matrix(features, GM_F32, B, I);
    scoring.labels = vector(labels, GM_I64, B);
    scoring.weight = parameter;
    scoring.direction = direction;
    scoring.direction_norm_squared = &norm_squared;
    scoring.loss = vector(loss, dtype, B);
    scoring.score = vector(score, dtype, B);
    scoring.gradient_norm = vector(norm, dtype, B);
    scoring.non_finite = &non_finite;
    check(gm_head_score_workspace_size(queue, &scoring, &bytes));
    workspace = scratch(bytes);
    check(gm_head_score(queue, &scoring, workspace, bytes));
    free(workspace);

    gm_mimic_weights_args weights = {0};
    weights.score = scoring.score;
    weights.weighting.kind = GM_NORMED_PROJ;
    weights.weighting.temperature = 1;
    weights.weight = vector(weight, dtype, B);
    check(gm_mimic_weights_workspace_size(queue, &weights, &bytes));
    workspace = scratch(bytes);
    check(gm_mimic_weights(queue, &weights, workspace, bytes));
    free(workspace);
}

static int same(const char *what, int i, double fast, double exact) {
    if (fabs(fast - exact) <= 1e-5 * (1 + fabs(exact))) return 1; /* false for NaN */
    fprintf(stderr, "score: %s of sample %d is %.9g, but %.9g in double precision\n", what, i, fast, exact);
    return 0;
}

int main(void) {
    static float features[B * I], head[C * I], reference[C * I];
    int64_t labels[B];
    uint32_t state = 1;
    int i, n, agree = 1;

    if (gm_abi_version() != GM_ABI_VERSION) {
        fprintf(stderr, "score: compiled for ABI %d, but the library has %d\n", GM_ABI_VERSION, (int)gm_abi_version());
        return 1;
    }
    for (n = 0; n < C * I; n++) reference[n] = next(&state);     /* knows the classes */
    for (n = 0; n < C * I; n++) head[n] = next(&state) * 0.125f; /* does not yet */
    for (i = 0; i < B; i++) {
        labels[i] = i % C;
        for (n = 0; n < I; n++) features[i * I + n] = reference[labels[i] * I + n] * 0.5f + next(&state) * 0.25f;
    }
    labels[WRONG] = (labels[WRONG] + 1) % C;

    struct {
        float loss[B], score[B], norm[B], weight[B];
    } fast;
    struct {
        double loss[B], score[B], norm[B], weight[B];
    } exact;
    const gm_queue oracle = {GM_REFERENCE, 0, NULL};
    run(NULL, features, labels, head, reference, GM_F32, fast.loss, fast.score, fast.norm, fast.weight);
    run(&oracle, features, labels, head, reference, GM_F64, exact.loss, exact.score, exact.norm, exact.weight);

    printf("sample  label     loss    score      |g|   weight\n");
    for (i = 0; i < B; i++) {
        printf("%6d  %5" PRId64 " %8.4f %8.4f %8.4f %8.4f%s\n", i, labels[i], fast.loss[i], fast.score[i], fast.norm[i],
               fast.weight[i], fast.score[i] < 0 ? "  away from the reference" : "");
        agree = same("loss", i, fast.loss[i], exact.loss[i]) && agree;
        agree = same("score", i, fast.score[i], exact.score[i]) && agree;
        agree = same("|g|", i, fast.norm[i], exact.norm[i]) && agree;
        agree = same("weight", i, fast.weight[i], exact.weight[i]) && agree;
        if ((fast.score[i] < 0) != (i == WRONG)) {
            fprintf(stderr, "score: sample %d was not told from the mislabelled one\n", i);
            agree = 0;
        }
    }
    return agree ? 0 : 1;
}
