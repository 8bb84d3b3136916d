package org.gradmimic.layer;

import java.util.function.Supplier;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.DetailConv2dOptions;
import org.bytedeco.pytorch.EmbeddingImpl;
import org.bytedeco.pytorch.EmbeddingOptions;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/** Reads the options of LibTorch's modules, and refuses those that recording layers do not support. */
final class ModuleOptions {
    private ModuleOptions() {}

    /**
     * The settings of a convolution.
     *
     * @param name the layer's, for the message
     * @throws InvalidArgumentException for paddings other than zeros of a given width
     */
    static LayerCalls.Convolution convolution(String name, Conv2dImpl layer) {
        DetailConv2dOptions options = layer.options();
        LongPointer padding = alternative(options.padding()::get0);
        if (padding == null || alternative(options.padding_mode()::get0) == null) {
            throw new InvalidArgumentException(
                    "layer " + name
                            + " pads by name or with other than zeros; pad x beforehand and give the layer a padding in numbers");
        }
        return new LayerCalls.Convolution(
                pair(options.stride()),
                pair(padding),
                pair(options.dilation()),
                options.groups().get());
    }

    /** The value of a variant, or null if it holds another alternative, which it reports by throwing. */
    private static <T> @Nullable T alternative(Supplier<T> held) {
        try {
            return held.get();
        } catch (RuntimeException another) {
            return null;
        }
    }

    private static long[] pair(LongPointer two) {
        return new long[] {two.get(0), two.get(1)};
    }

    /**
     * The row of an embedding that gets no gradient; -1 for none.
     *
     * @param name the layer's, for the message
     * @throws InvalidArgumentException for {@code max_norm} and {@code scale_grad_by_freq}
     */
    static long paddingIndex(String name, EmbeddingImpl layer) {
        EmbeddingOptions options = layer.options();
        boolean byFrequency = options.scale_grad_by_freq().get();
        if (byFrequency || options.max_norm().has_value()) {
            throw new InvalidArgumentException("layer " + name
                    + (byFrequency
                            ? " scales gradients by how often the batch has an id (scale_grad_by_freq), so samples have"
                                    + " none of their own"
                            : " changes rows as it looks them up (max_norm); scale them yourself between steps"));
        }
        var padding = options.padding_idx();
        return padding.has_value() ? padding.get() : -1;
    }
}
