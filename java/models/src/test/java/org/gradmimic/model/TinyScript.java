package org.gradmimic.model;

import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.gradmimic.Tensors;

/** TorchScript files to test with. */
public final class TinyScript {
    /** The mean of every channel, times {@link #WEIGHT}. */
    public static final String MEANS = "torch.matmul(torch.mean(x, [2, 3]), torch.t(self.w))";

    /** [2,3] */
    public static final float[] WEIGHT = {1, 0, 0, 1, 2, 3};

    private TinyScript() {}

    /** Saves a module whose forward of x returns {@code expression}, which may use the parameter self.w. */
    public static void save(Path file, String expression) {
        try (PointerScope scope = new PointerScope()) {
            JitModule module = new JitModule(new QualifiedName("__torch__.Tiny"));
            module.register_parameter("w", Tensors.of(WEIGHT, 2, 3), false);
            module.define("def forward(self, x):\n    return " + expression + "\n");
            module.save(file.toString());
        }
    }
}
