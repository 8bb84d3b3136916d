/*
 * gradmimic measures how far every sample's gradient points toward a reference model.
 *
 * The header is plain C11 and needs the C library only. Every call returns a gm_status. After a failure,
 * gm_last_error() of the same thread names the operation, the argument and the shape.
 *
 * Conventions
 *   - The caller owns all memory. No call allocates: an operation that needs scratch memory takes a
 *     workspace, and its gm_..._workspace_size tells how large.
 *   - Arrays are gm_array: pointer, dtype, shape, strides (in elements, not bytes) and device. The last
 *     dimension is contiguous; the others have any stride >= 0. A stride of 0 repeats an input; an output may
 *     not overlap itself. An array whose data is NULL is absent; the structs say which ones may be.
 *   - Sizes and strides have 64 bits: an array may hold more than 2^31 elements.
 *   - Sums are accumulated in float at least. Results do not depend on the number of threads: the same
 *     input on the same provider gives the same bits.
 *   - On GM_CUDA every array, the workspace and every other pointer to numbers, whether input (such as
 *     direction_norm_squared) or output (norm_squared, non_finite, max_and_sum, ...), is memory of the queue's
 *     device. args itself and the gm_arrays that it points to are the host's. A call puts kernels onto the
 *     stream and returns: it neither allocates nor synchronises. A CUDA graph can capture it after one call of the
 *     same operation outside the capture (CUDA loads a kernel at its first launch, which a capture may not permit).
 *     A call therefore cannot check values in memory: where the host's providers fail, it does what is documented there.
 *   - An array that is not on the queue's device is refused with GM_INVALID_ARGUMENT. The other pointers carry
 *     no device and are not checked.
 *   - Symbols are those of the paper (Huang et al., "Evaluating Sample Utility for Efficient Data
 *     Selection by Mimicking Model Weights", arXiv 2501.06708): B samples, T tokens a sample, I and O
 *     a layer's inputs and outputs, C classes, K reference models; V = theta_ref - theta; g_i is the
 *     gradient of sample i's own loss (not of the batch mean).
 */
#ifndef GRADMIMIC_GRADMIMIC_H
#define GRADMIMIC_GRADMIMIC_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define GM_API __declspec(dllexport)
#else
#define GM_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status, versions, errors ------------------------------------------------------------- */

#define GM_ABI_VERSION 2

typedef int32_t gm_status;
enum {
    GM_OK = 0,
    GM_INVALID_ARGUMENT = 1, /* a shape, stride, dtype, pointer or value the contract refuses */
    GM_UNSUPPORTED = 2,      /* valid, but this provider cannot do it; the message says who can */
    GM_NON_FINITE = 3,       /* a batch without a single finite score */
    GM_OUT_OF_MEMORY = 4,    /* of the host or of the device */
    GM_CUDA_ERROR = 5,       /* this call failed; later ones may succeed */
    GM_INTERNAL = 6,
    GM_CUDA_FATAL = 7 /* every later CUDA call of this process fails too; only a new process can go on */
};

/* The message of this thread's last failing call; "" if none has failed. Valid until the next failure. */
GM_API const char *gm_last_error(void);

/* The GM_ABI_VERSION of the loaded library. Callers compare it with that of their header. */
GM_API int32_t gm_abi_version(void);

/* The library's version, "0.1.0". */
GM_API const char *gm_version(void);

/* ---- providers ---------------------------------------------------------------------------- */

/* What computes. All three have the same semantics. */
enum {
    GM_CPU = 0,      /* vectorised and threaded (OpenMP), synchronous */
    GM_CUDA = 1,     /* kernels on the queue's stream, asynchronous */
    GM_REFERENCE = 2 /* double precision, plain loops, one thread: the oracle; host memory */
};

/* Where an operation runs. A NULL queue means GM_CPU. */
typedef struct gm_queue {
    int32_t provider; /* GM_CPU, GM_CUDA or GM_REFERENCE */
    int32_t device;   /* CUDA device index; 0 elsewhere */
    void *stream;     /* cudaStream_t; NULL elsewhere */
} gm_queue;

/* The instruction set that GM_CPU uses here: "avx512", "avx2" or "portable". It is the best one that the
 * processor has, unless the environment variable GRADMIMIC_ISA names a lesser one. */
GM_API const char *gm_cpu_isa(void);

/* Chooses the instruction set by name ("best" for the default). GM_UNSUPPORTED if the processor
 * lacks it. This affects the whole process and is meant for tests and comparisons. */
GM_API gm_status gm_set_cpu_isa(const char *name);

/* The most threads that GM_CPU uses: OpenMP's setting in the calling thread, which is LibTorch's too. */
GM_API int32_t gm_cpu_threads(void);

/* Makes OpenBLAS use OpenMP's threads, as GM_CPU and LibTorch do, instead of a pool of its own. Two pools
 * disturb each other: while one works, the other's threads spin on the same cores, or sleep and have to be woken
 * for every product. This works with an OpenBLAS built for pthreads, 0.3.26 or newer, and affects the whole
 * process. Call it while no other thread is in OpenBLAS; a second call does no harm.
 *
 *   set_callback   its openblas_set_threads_callback_function
 *   max_threads    its MAX_THREADS (in openblas_get_config()). OpenBLAS keeps scratch memory for thread numbers
 *                  below that. Jobs get the highest numbers here. Its own pool, which some of LAPACK still
 *                  uses, has the lowest ones; it must not have more than half of MAX_THREADS. */
GM_API gm_status gm_share_threads(void *set_callback, int32_t max_threads);

/* From now on exit() ends the process without the destructors of static objects and without the exit handlers that
 * were registered before; buffered output is written and the exit code is kept. This is for a program that may be
 * told to end while its threads compute: destructors would free what these threads use. It affects the whole
 * process. A second call does no harm; a later one also covers what was registered in between. GM_UNSUPPORTED if
 * the system refuses it. */
GM_API gm_status gm_skip_exit_handlers(void);

/* GM_OK if there is a device that GM_CUDA can use, else GM_UNSUPPORTED. gm_last_error() then says why
 * (built without CUDA, no driver, no device, none of compute capability 8.0 or newer) and what to do. */
GM_API gm_status gm_cuda_available(void);

/* ---- arrays ------------------------------------------------------------------------------- */

enum {
    GM_F32 = 0,
    GM_F16 = 1,
    GM_BF16 = 2,
    GM_F64 = 3, /* on GM_REFERENCE; GM_CPU computes it by the same plain loops */
    GM_I64 = 4  /* labels */
};

/* Where an array's memory is. Pinned host memory is GM_DEVICE_CPU. Managed memory is whatever the caller uses it
 * as. */
enum { GM_DEVICE_CPU = 0, GM_DEVICE_CUDA = 1 };

#define GM_MAX_RANK 3

/* Members that an initialiser leaves out are 0, so an array is on the host unless it says otherwise. */
typedef struct gm_array {
    void *data;    /* NULL: absent */
    int32_t dtype; /* GM_F32, ... */
    int32_t rank;  /* 1 to GM_MAX_RANK */
    int64_t shape[GM_MAX_RANK];
    int64_t stride[GM_MAX_RANK]; /* in elements */
    int32_t device_type;         /* GM_DEVICE_CPU, GM_DEVICE_CUDA */
    int32_t device;              /* CUDA device index; ignored on GM_DEVICE_CPU */
} gm_array;

/* ---- weighting ---------------------------------------------------------------------------- */

/*
 * How scores become weights. m_i = <-g_i, V>/|V| is the score (raw, "proj"), |g_i| the gradient
 * norm, l_i the loss. Sums and the softmax run over the samples of the call whose statistic is
 * finite; the others get weight 0. If none is finite, the call fails with GM_NON_FINITE. On GM_CUDA
 * it succeeds instead, with all weights 0 and non_finite = B.
 */
enum {
    GM_UNIFORM = 0,     /* 1/B: plain training */
    GM_PROJ = 1,        /* m_i itself */
    GM_COS = 2,         /* m_i/|g_i|; 0 where |g_i| = 0 */
    GM_NORMED_PROJ = 3, /* softmax(m/temperature); with V = -(mean clean gradient): influence */
    GM_NORMED_COS = 4,  /* softmax(cos/temperature) */
    GM_OPT = 5,         /* argmin_w sum_i |w_i n_i - D| + lambda |w|, n_i = -g_i, D = V;
                           with lambda = 0: m_i |V| / |g_i|^2. With V = -(mean gradient): Grad-Match */
    GM_GRAND = 6,       /* softmax(|g_i|) */
    GM_AGRA = 7,        /* V = -(comparison gradient): 1/k for each of the k samples with m_i > 0;
                           1/B if there is none */
    GM_RHO = 8          /* softmax(l_i - reference_loss_i) */
};

typedef struct gm_weighting {
    int32_t kind;
    int32_t rho_attached; /* GM_RHO: scale the gradient rows by w_i (1 + l_i - sum_j w_j l_j), the
                             derivative through the weights; `weight` stays w_i */
    double temperature;   /* > 0; used by GM_NORMED_PROJ and GM_NORMED_COS */
    double lambda;        /* >= 0; used by GM_OPT */
} gm_weighting;

/* ---- gm_direction ------------------------------------------------------------------------- */

/*
 * V = reference - parameter for `count` tensors at once, with |V|^2 of each and of all together.
 * It reads both once, and writes V once if that is asked for.
 */
typedef struct gm_direction_args {
    int64_t count;                  /* tensors; 0 is allowed */
    const gm_array *reference;      /* [count] arrays, any rank */
    const gm_array *parameter;      /* [count] arrays of the same shapes */
    const gm_array *direction;      /* NULL, or [count] arrays of the same shapes: V is stored */
    double *norm_squared;           /* NULL, or [count]: |V_k|^2 */
    double *total_norm_squared;     /* NULL, or [1]: sum_k |V_k|^2 */
    double *parameter_norm_squared; /* NULL, or [count]: |theta_k|^2 */
} gm_direction_args;

GM_API gm_status gm_direction_workspace_size(const gm_queue *queue, const gm_direction_args *args, size_t *bytes);
GM_API gm_status gm_direction(const gm_queue *queue, const gm_direction_args *args, void *workspace,
                              size_t workspace_bytes);

/* ---- gm_head_step ------------------------------------------------------------------------- */

/*
 * Everything that a classification head with cross-entropy needs between its two matrix products, in
 * one pass over [B,C] and one over [B]:
 *
 *   z_i     = logits_i + bias                       l_i = logsumexp(z_i) - z_i[y_i]
 *   delta_i = softmax(z_i) - onehot(y_i)            |g_i| = |delta_i| |h_i|
 *   m_ik    = -<delta_i, u_ik>/|V_k|                u_ik = V_k h_i = reference_logits_ik - logits_i
 *   w       = weighting over the batch
 *
 * The mimic layer is the head's weight, without its bias. |V_k| = 0 makes every m_ik 0.
 * A sample whose loss or score is not finite gets w_i = 0 and delta_i = 0, and is counted. After
 * GM_NON_FINITE the outputs hold nothing of use, and a delta in the place of logits has replaced them.
 * A label outside [0,C) is refused; on GM_CUDA its sample counts as not finite.
 * Absent outputs are not computed. Outputs may not overlap inputs, except that either delta or
 * weighted_delta may be `logits` itself.
 */
typedef struct gm_head_step_args {
    /* in */
    gm_array logits;    /* [B,C] f32, f16, bf16: W h (with b, if `bias` is absent) */
    gm_array bias;      /* [C] f32, optional: added to logits */
    gm_array labels;    /* [B] i64, each in [0,C) */
    gm_array projected; /* u: [B,C] or [B,K,C], optional */
    /* W_ref h without bias: [B,C] or [B,K,C] f32, optional, instead of `projected`. `logits` must be without bias
     * too. This loses about |W|/|V| in precision: prefer `projected` if |V|/|W| < 0.1. */
    gm_array reference_logits;
    const double *direction_norm_squared; /* [K] |V_k|^2; with projected or reference_logits */
    gm_array feature_norm_squared;        /* [B] f32 |h_i|^2; for gradient_norm, cos, opt and grand */
    gm_array reference_loss;              /* [B] f32; for rho */
    gm_weighting weighting;
    /* K > 1: which score weighs. Reference k itself (0 <= k < K), or GM_COMBINE_MEAN or GM_COMBINE_MIN over all; cos
     * and opt take a single reference only. */
    int32_t combine;
    /* out */
    gm_array loss;               /* [B] f32, optional */
    gm_array score;              /* [B] or [B,K] f32, optional: m, NaN where not finite */
    gm_array gradient_norm;      /* [B] f32, optional: |g_i| */
    gm_array weight;             /* [B] f32, optional: w */
    gm_array delta;              /* [B,C], optional: delta_i */
    gm_array weighted_delta;     /* [B,C], optional: w_i delta_i */
    gm_array mean_delta;         /* [C] f32, optional: sum_i delta_i / B, the plain bias gradient */
    gm_array weighted_delta_sum; /* [C] f32, optional: sum_i w_i delta_i */
    int64_t *non_finite;         /* NULL, or [1]: the number of samples that are not finite */
} gm_head_step_args;

enum { GM_COMBINE_MEAN = -1, GM_COMBINE_MIN = -2 };

GM_API gm_status gm_head_step_workspace_size(const gm_queue *queue, const gm_head_step_args *args, size_t *bytes);
GM_API gm_status gm_head_step(const gm_queue *queue, const gm_head_step_args *args, void *workspace,
                              size_t workspace_bytes);

/* ---- gm_head_score ------------------------------------------------------------------------ */

/*
 * Scores features against a head and its reference without storing logits: the products with W and
 * V and gm_head_step's statistics, tile by tile. Each row is independent of the others. A label outside
 * [0,C) is refused; on GM_CUDA its sample counts as not finite.
 */
typedef struct gm_head_score_args {
    /* in */
    gm_array features;                    /* [B,I] f32, f16, bf16 */
    gm_array labels;                      /* [B] i64 */
    gm_array weight;                      /* [C,I] f32 */
    gm_array bias;                        /* [C] f32, optional */
    gm_array direction;                   /* [C,I] f32: V */
    const double *direction_norm_squared; /* [1] */
    /* out */
    gm_array loss;          /* [B] f32, optional */
    gm_array score;         /* [B] f32, optional: m, NaN where not finite */
    gm_array gradient_norm; /* [B] f32, optional */
    int64_t *non_finite;    /* NULL, or [1] */
} gm_head_score_args;

GM_API gm_status gm_head_score_workspace_size(const gm_queue *queue, const gm_head_score_args *args, size_t *bytes);
GM_API gm_status gm_head_score(const gm_queue *queue, const gm_head_score_args *args, void *workspace,
                               size_t workspace_bytes);

/* ---- gm_mimic_weights --------------------------------------------------------------------- */

/* Turns scores into weights, as gm_head_step does at its end, for scores from elsewhere. */
typedef struct gm_mimic_weights_args {
    gm_array score;                       /* [B] f32: m; for rho: l_i - reference_loss_i; absent for grand */
    gm_array gradient_norm;               /* [B] f32: for cos, normed_cos, opt and grand */
    const double *direction_norm_squared; /* [1]: for opt */
    gm_weighting weighting;               /* rho_attached: gm_head_step only */
    gm_array weight;                      /* out, [B] f32 */
    int64_t *non_finite;                  /* NULL, or [1] */
} gm_mimic_weights_args;

GM_API gm_status gm_mimic_weights_workspace_size(const gm_queue *queue, const gm_mimic_weights_args *args,
                                                 size_t *bytes);
GM_API gm_status gm_mimic_weights(const gm_queue *queue, const gm_mimic_weights_args *args, void *workspace,
                                  size_t workspace_bytes);

/*
 * The softmax kinds (normed_proj, normed_cos, grand, rho) in two halves, so that ranks of a
 * data-parallel job can exchange two scalars in between. reduce gives M = max s_i and
 * S = sum exp(s_i - M) over the finite s_i of this rank, where s is the statistic over its temperature
 * (M = -inf, S = 0 if there is none). From the global M* = max M_r and S* = sum_r S_r exp(M_r - M*),
 * apply gives w_i = exp(s_i - M*)/S*.
 */
GM_API gm_status gm_mimic_weights_reduce(const gm_queue *queue, const gm_mimic_weights_args *args,
                                         double *max_and_sum /* [2] */);
GM_API gm_status gm_mimic_weights_apply(const gm_queue *queue, const gm_mimic_weights_args *args,
                                        const double *max_and_sum /* [2] */);

/* output_i = scale * weight_i * input_i. Rows of weight 0 become 0, whatever they hold. */
typedef struct gm_scale_rows_args {
    gm_array input;  /* [R,D] f32, f16, bf16 */
    gm_array weight; /* [R] f32 */
    gm_array output; /* [R,D], the input's dtype; may be `input` itself */
    double scale;
} gm_scale_rows_args;

GM_API gm_status gm_scale_rows(const gm_queue *queue, const gm_scale_rows_args *args);

/* ---- gm_ghost_dot ------------------------------------------------------------------------- */

/*
 * <g_i, V> = sum_t delta_it . (V a_it) for a linear layer's weight, g_i = sum_t delta_it a_it^T,
 * without forming g_i. The mimic score is -dot_i/|V|. A token whose delta is all zero is left out, whatever
 * its input holds: padding, or every token but the class token if that alone is pooled.
 */

/* How GM_CUDA multiplies V a. All forms have the same contract; they add floats in different orders. */
enum {
    GM_GHOST_DOT_AUTO = 0,  /* the one that the library's cost model predicts to be the fastest */
    GM_GHOST_DOT_FLOAT = 1, /* in float; any dtypes and strides */
    /* Tensor cores: input and direction both bf16 or both f16, delta in any type, rows that begin on 16 bytes. */
    GM_GHOST_DOT_MMA = 2,
    /* The same by Hopper's instructions: compute capability 9.0 and a library compiled for sm_90a. */
    GM_GHOST_DOT_WGMMA = 3,
    /* An answer of gm_ghost_dot_form only: a plain product V a, followed by gm_row_dot. */
    GM_GHOST_DOT_PRODUCT = 4
};

typedef struct gm_ghost_dot_args {
    gm_array input;     /* a: [B,T,I] f32, f16, bf16 */
    gm_array delta;     /* [B,T,O] f32, f16, bf16 */
    gm_array direction; /* V: [O,I] f32, f16, bf16 */
    gm_array dot;       /* out, [B] f32 */
    /* GM_GHOST_DOT_AUTO. The others are for tests and measurements on GM_CUDA; one that is not possible is refused. */
    int32_t form;
    /* 1: the caller knows that no token's delta is all zero. GM_CUDA then need not look for such tokens, which costs it a
     * read of delta and, beyond 2048 tokens, a launch. A token that is all zero nevertheless may add 0 times whatever its
     * input holds. 0: they are looked for. */
    int32_t no_zero_tokens;
} gm_ghost_dot_args;

GM_API gm_status gm_ghost_dot_workspace_size(const gm_queue *queue, const gm_ghost_dot_args *args, size_t *bytes);
GM_API gm_status gm_ghost_dot(const gm_queue *queue, const gm_ghost_dot_args *args, void *workspace,
                              size_t workspace_bytes);

/*
 * The form that gm_ghost_dot would take, or GM_GHOST_DOT_PRODUCT if a caller with a product of their own (cuBLAS, or a
 * CPU's BLAS behind LibTorch or torch) can expect to be faster with that and gm_row_dot. In bf16 and f16 such a
 * product rounds V a before it meets delta, and only GM_CUDA advises it. Outside GM_CUDA the form is
 * GM_GHOST_DOT_FLOAT. The call launches nothing and reads no array: it counts tokens without gradient, which
 * gm_ghost_dot leaves out, as any others.
 */
GM_API gm_status gm_ghost_dot_form(const gm_queue *queue, const gm_ghost_dot_args *args, int32_t *form);

/* ---- gm_ghost_norm ------------------------------------------------------------------------ */

/* |g_i|^2 for a linear layer's weight. The library takes the cheapest of three ways: a product of norms if T = 1, Gram
 * matrices, or g_i itself. Tokens whose delta is all zero are left out and do not count toward T. */
typedef struct gm_ghost_norm_args {
    gm_array input;        /* a: [B,T,I] f32, f16, bf16 */
    gm_array delta;        /* [B,T,O] f32, f16, bf16 */
    gm_array norm_squared; /* out, [B] f32 */
} gm_ghost_norm_args;

GM_API gm_status gm_ghost_norm_workspace_size(const gm_queue *queue, const gm_ghost_norm_args *args, size_t *bytes);
GM_API gm_status gm_ghost_norm(const gm_queue *queue, const gm_ghost_norm_args *args, void *workspace,
                               size_t workspace_bytes);

/* ---- gm_projected_dot --------------------------------------------------------------------- */

/* <G_i, v>, |G_i|^2 and |v|^2 for gradients in memory, in one read of G. */
typedef struct gm_projected_dot_args {
    gm_array gradient;              /* G: [B,P] f32, f16, bf16 */
    gm_array direction;             /* v: [P] f32, f16, bf16 */
    gm_array dot;                   /* out, [B] f32, optional */
    gm_array norm_squared;          /* out, [B] f32, optional */
    double *direction_norm_squared; /* out, NULL or [1] */
} gm_projected_dot_args;

GM_API gm_status gm_projected_dot_workspace_size(const gm_queue *queue, const gm_projected_dot_args *args,
                                                 size_t *bytes);
GM_API gm_status gm_projected_dot(const gm_queue *queue, const gm_projected_dot_args *args, void *workspace,
                                  size_t workspace_bytes);

/* ---- gm_row_dot --------------------------------------------------------------------------- */

/* sum_t U_it . delta_it: the second half of gm_ghost_dot, after a product U = a V^T made elsewhere. */
typedef struct gm_row_dot_args {
    gm_array projected; /* U: [B,T,O] f32, f16, bf16 */
    gm_array delta;     /* [B,T,O] f32, f16, bf16 */
    gm_array dot;       /* out, [B] f32 */
} gm_row_dot_args;

GM_API gm_status gm_row_dot_workspace_size(const gm_queue *queue, const gm_row_dot_args *args, size_t *bytes);
GM_API gm_status gm_row_dot(const gm_queue *queue, const gm_row_dot_args *args, void *workspace,
                            size_t workspace_bytes);

/* ---- gm_clip_scores ----------------------------------------------------------------------- */

/*
 * Contrastive losses of B pairs of an image and a text, and their change along a direction:
 *
 *   x_i = image_i/|image_i|, y_i = text_i/|text_i|        z_ij = scale x_i . y_j + bias
 *   softmax   l_i = (log sum_j e^z_ij - z_ii)/2 + (log sum_j e^z_ji - z_ii)/2
 *   sigmoid   l_i = sum_j (f_ij + f_ji)/2,  f_ii = log(1 + e^-z_ii),  f_ij = log(1 + e^z_ij)
 *   score_i = -dl_i/|V|
 *
 * dl_i is the derivative along the tangents. A tangent is the change of features, scale or bias as the
 * parameters move along V. The loss couples the samples, so this is the exact score, which the gradient
 * of one sample alone cannot give. Neither z nor its derivative is stored. |V| = 0 makes every score 0.
 * Features of norm 0 have no direction, so their sample is not finite. A sample that is not finite makes
 * those that it is compared with non-finite too.
 */
enum {
    GM_CONTRASTIVE_SOFTMAX = 0, /* CLIP */
    GM_CONTRASTIVE_SIGMOID = 1  /* SigLIP */
};

typedef struct gm_clip_scores_args {
    gm_array image;                       /* [B,E] f32, f16, bf16: before normalisation */
    gm_array text;                        /* [B,E] */
    gm_array image_tangent;               /* [B,E], optional: 0 */
    gm_array text_tangent;                /* [B,E], optional: 0 */
    const double *logit_terms;            /* [4]: scale, bias, the tangents of both */
    const double *direction_norm_squared; /* [1] |V|^2; NULL: 1 */
    int32_t loss_kind;                    /* GM_CONTRASTIVE_SOFTMAX or GM_CONTRASTIVE_SIGMOID */
    gm_array loss;                        /* out, [B] f32, optional */
    gm_array score;                       /* out, [B] f32, optional; NaN where not finite */
    int64_t *non_finite;                  /* NULL, or [1]: samples whose loss or derivative is not finite */
} gm_clip_scores_args;

GM_API gm_status gm_clip_scores_workspace_size(const gm_queue *queue, const gm_clip_scores_args *args, size_t *bytes);
GM_API gm_status gm_clip_scores(const gm_queue *queue, const gm_clip_scores_args *args, void *workspace,
                                size_t workspace_bytes);

#ifdef __cplusplus
}
#endif

#endif
