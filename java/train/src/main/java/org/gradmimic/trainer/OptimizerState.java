package org.gradmimic.trainer;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ArchiveWriter;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The state of LibTorch's optimisers as the bytes of LibTorch's archive, the only form in which it gives its state away. */
final class OptimizerState {
    private OptimizerState() {}

    /** The bytes, as a tensor of their number in the caller's scope. */
    static Tensor save(Optimizer optimizer) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            OutputArchive archive = new OutputArchive();
            optimizer.save(archive);
            long[] size = {0};
            try (ArchiveWriter counter = new ArchiveWriter() {
                @Override
                public long call(Pointer data, long count) {
                    size[0] += count;
                    return count;
                }
            }) {
                archive.save_to(counter);
            }
            result.put(
                    torch.empty(new long[] {size[0]}, new TensorOptions(ScalarType.Byte), new MemoryFormatOptional()));
            BytePointer target = new BytePointer(result.data_ptr());
            long[] at = {0};
            try (ArchiveWriter copier = new ArchiveWriter() {
                @Override
                public long call(Pointer data, long count) {
                    Pointer.memcpy(target.getPointer(at[0]), data, count);
                    at[0] += count;
                    return count;
                }
            }) {
                archive.save_to(copier);
            }
        }
        return result;
    }

    /** Restores what {@link #save} returned to an optimiser of the same parameters. */
    static void load(Optimizer optimizer, Tensor bytes) {
        try (PointerScope scope = new PointerScope()) {
            InputArchive archive = new InputArchive();
            archive.load_from(new BytePointer(bytes.data_ptr()), bytes.numel());
            optimizer.load(archive);
        }
    }
}
