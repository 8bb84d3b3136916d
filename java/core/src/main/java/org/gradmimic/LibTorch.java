package org.gradmimic;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.device.CudaSupport;

/**
 * The loaded LibTorch.
 *
 * @param version its version, such as "2.10.0"
 * @param presets the version of the Java presets on the class path, such as "2.10.0-1.5.13"
 * @param cpuKernels the instruction set it uses, such as "AVX512"
 * @param path the file that was loaded for the presets
 */
public record LibTorch(String version, String presets, String cpuKernels, String path) {
    private static final Pattern VERSION = Pattern.compile("TORCH_VERSION=([\\w.+-]+)");
    private static final Pattern CPU_KERNELS = Pattern.compile("CPU capability usage: (\\S+)");

    /**
     * Loads LibTorch, if it is not loaded yet, and returns its properties.
     *
     * @throws LinkageError if it cannot be loaded; the message names what is missing
     */
    public static LibTorch load() {
        CudaSupport.prepare();
        String path = Loader.load(torch.class);
        String config;
        try (BytePointer text = torch.show_config()) {
            config = text.getString();
        }
        String presets;
        try {
            presets = Loader.getVersion("org.bytedeco", "pytorch");
        } catch (java.io.IOException e) {
            throw new UnsatisfiedLinkError("the presets of LibTorch do not state their version: " + e.getMessage());
        }
        return new LibTorch(find(VERSION, config), presets, find(CPU_KERNELS, config), path);
    }

    private static String find(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "unknown";
    }
}
