package org.gradmimic.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.base.UnsupportedException;
import org.gradmimic.internal.DeviceArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
    @ParameterizedTest
    @CsvSource({
        "auto, true, CPU, 0, auto",
        "cpu, false, CPU, 0, cpu",
        "cuda, false, CUDA, 0, cuda:0",
        "cuda:0, false, CUDA, 0, cuda:0",
        "cuda:12, false, CUDA, 12, cuda:12"
    })
    void devicesAreReadAsTheyAreWritten(String text, boolean automatic, Device.Kind kind, int index, String name) {
        DeviceChoice choice = DeviceChoice.parse(text);
        assertThat(choice).isEqualTo(new DeviceChoice(automatic, kind, index));
        assertThat(choice).hasToString(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:1000", "CUDA", "cpu:0", "auto "})
    void anythingElseIsRefused(String text) {
        assertThatThrownBy(() -> DeviceChoice.parse(text))
                .isInstanceOf(InvalidArgumentException.class)
                .hasMessage("'" + text + "' is not a device; expected auto, cpu, cuda or cuda:N");
    }

    @Test
    void onlyWhereAGpuSeemsToBeMeantIsTheCpuWorthAWarning() {
        assertThat(DeviceChoice.warning("no driver", false, false)).isNull();
        assertThat(DeviceChoice.warning("no driver", true, false)).isEqualTo("runs on the CPU: no driver");
        assertThat(DeviceChoice.warning("too old", false, true)).isEqualTo("runs on the CPU: too old");
    }

    @Test
    void withoutAGpuAutoIsTheCpuAndCudaIsRefusedWithTheReason() {
        String problem = CudaSupport.problem(0);
        assumeThat(problem).as("a machine without a CUDA device").isNotNull();
        assertThat(DeviceChoice.parse("auto").choose().device()).isEqualTo(Device.CPU);
        assertThatThrownBy(() -> DeviceChoice.parse("cuda:1").choose())
                .isInstanceOf(UnsupportedException.class)
                .hasMessage("cuda:1 cannot be used: " + problem);
    }

    @Test
    void readingOnTheHostIsCountedAndGivesTheElements() {
        try (PointerScope scope = new PointerScope()) {
            Tensor matrix = Tensors.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
            long before = DeviceCounters.hostReads();
            assertThat(Host.floats(matrix.t())).containsExactly(1, 4, 2, 5, 3, 6);
            assertThat(Host.doubles(matrix.select(0, 1))).containsExactly(4, 5, 6);
            assertThat(Host.longs(Tensors.of(new long[] {7, -8}, 2))).containsExactly(7, -8);
            assertThat(Host.floats(matrix.narrow(0, 0, 0))).isEmpty();
            assertThat(Host.number(matrix.sum())).isEqualTo(21);
            assertThat(DeviceCounters.hostReads() - before).isEqualTo(5);
        }
    }

    @Test
    void anArrayIsWrittenByAddressAndReadByCopy() {
        try (PointerScope scope = new PointerScope();
                var floats = DeviceArray.floats(Device.CPU, 4);
                var doubles = DeviceArray.doubles(Device.CPU, 2);
                var longs = DeviceArray.longs(Device.CPU, 0)) {
            floats.at(0).put(new float[] {1, 2, 3, 4});
            floats.at(2).put(0, -3);
            doubles.at(1).put(0, 0.5);
            longs.at(0).put(0, 1L << 40);
            assertThat(floats.floats(1, 3)).containsExactly(2, -3, 4);
            assertThat(doubles.get(1)).isEqualTo(0.5);
            assertThat(longs.longs(0, 1)).containsExactly(1L << 40);
            floats.put(1, Tensors.of(new float[] {9, 8}, 2));
            assertThat(floats.floats(0, 4)).containsExactly(1, 9, 8, 4);
        }
    }

    @Test
    void tensorsOfThisDeviceAreTakenAsTheyAre() {
        try (PointerScope scope = new PointerScope()) {
            Tensor here = Device.CPU.empty(ScalarType.Float, 2, 3);
            long before = DeviceCounters.hostWrites();
            assertThat(Device.CPU.move(here)).isSameAs(here);
            assertThat(Device.of(here)).isEqualTo(Device.CPU).hasToString("cpu");
            assertThat(DeviceCounters.hostWrites()).isEqualTo(before);
            Device.CPU.require("x", here);
            assertThatThrownBy(Device.CPU::memory).isInstanceOf(InvalidStateException.class);
        }
    }
}
