package org.gradmimic.bench;

import java.util.Locale;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Autocast;
import org.gradmimic.device.Device;

/** What products are taken in; parameters are float32 throughout. */
enum Precision {
    F32,
    /** Float32 rounded to ten bits in the tensor cores. */
    TF32,
    /** By autocast. */
    BF16;

    /** From now on, in the whole process. */
    void use() {
        torch.globalContext().setAllowTF32CuBLAS(this == TF32);
        torch.globalContext().setAllowTF32CuDNN(this == TF32);
    }

    /** For a forward pass. */
    Autocast forward(Device device) {
        return this == BF16 ? Autocast.to(device, ScalarType.BFloat16) : Autocast.off(device);
    }

    /** As bench/peers/per_sample.py has it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
