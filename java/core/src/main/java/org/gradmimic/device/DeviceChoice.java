package org.gradmimic.device;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.UnsupportedException;
import org.jspecify.annotations.Nullable;

/**
 * A device as a user requests it.
 *
 * @param automatic the first CUDA device that can be used, otherwise the CPU
 * @param kind of the device, if it is not automatic
 * @param index of the CUDA device
 */
public record DeviceChoice(boolean automatic, Device.Kind kind, int index) {
    private static final Pattern SYNTAX = Pattern.compile("auto|cpu|cuda(?::(\\d{1,3}))?");

    /**
     * The chosen device.
     *
     * @param device where to work
     * @param warning why the CPU was chosen although the user probably expects a CUDA device; null if there is no
     *     warning
     */
    public record Chosen(Device device, @Nullable String warning) {}

    /**
     * Reads {@code auto}, {@code cpu}, {@code cuda} (the first) or {@code cuda:1}.
     *
     * @throws InvalidArgumentException for anything else
     */
    public static DeviceChoice parse(String text) {
        Matcher matcher = SYNTAX.matcher(text);
        if (!matcher.matches()) {
            throw new InvalidArgumentException("'" + text + "' is not a device; expected auto, cpu, cuda or cuda:N");
        }
        if (!text.startsWith("cuda")) return new DeviceChoice(text.equals("auto"), Device.Kind.CPU, 0);
        return new DeviceChoice(
                false, Device.Kind.CUDA, matcher.group(1) == null ? 0 : Integer.parseInt(matcher.group(1)));
    }

    /**
     * Finds the device.
     *
     * @throws UnsupportedException for a CUDA device that cannot be used, with the reason
     */
    public Chosen choose() {
        if (!automatic) return new Chosen(kind == Device.Kind.CPU ? Device.CPU : Device.cuda(index), null);
        String problem = CudaSupport.problem(0);
        return problem == null
                ? new Chosen(Device.cuda(0), null)
                : new Chosen(
                        Device.CPU,
                        warning(
                                problem,
                                CudaSupport.nativesThere(),
                                CudaSupport.driverThere() || CudaSupport.cardThere()));
    }

    /** A machine without a GPU, with a gradmimic built without CUDA, needs no warning. */
    static @Nullable String warning(String problem, boolean natives, boolean gpu) {
        return natives || gpu ? "runs on the CPU: " + problem : null;
    }

    @Override
    public String toString() {
        if (automatic) return "auto";
        return kind == Device.Kind.CPU ? "cpu" : "cuda:" + index;
    }
}
