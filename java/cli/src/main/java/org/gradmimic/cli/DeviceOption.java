package org.gradmimic.cli;

import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.UnsupportedException;
import org.gradmimic.device.CudaSupport;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceChoice;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --device}, as a picocli mix-in of the commands that compute with LibTorch. */
public final class DeviceOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private DeviceChoice choice = DeviceChoice.parse("auto");

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "auto, cpu, cuda or cuda:N (default: auto, which uses a CUDA device if possible).")
    private void device(String text) {
        try {
            choice = DeviceChoice.parse(text);
        } catch (InvalidArgumentException e) {
            throw new ParameterException(command.commandLine(), "--device: " + e.getMessage(), e);
        }
    }

    /** Whether the user left the choice to the program. */
    boolean isAuto() {
        return choice.automatic();
    }

    /**
     * The device to compute on. If it is not the one that the user seems to intend, the reason is printed once on
     * standard error.
     *
     * @throws UnsupportedException for a CUDA device that cannot be used, with the reason
     */
    public Device choose(CommonOptions common) {
        DeviceChoice.Chosen chosen;
        try {
            chosen = choice.choose();
        } catch (UnsupportedException e) {
            throw new UnsupportedException(e.getMessage() + advice(), e);
        }
        if (chosen.warning() != null) common.note("warning: " + chosen.warning() + advice());
        return chosen.device();
    }

    private static String advice() {
        return CudaSupport.nativesThere()
                ? "; gradmimic doctor shows what CUDA needs here"
                : "; ./gradmimic build --cuda takes LibTorch for CUDA (another 460 MB)";
    }
}
