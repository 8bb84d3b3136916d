package org.gradmimic.device;

/**
 * What a CUDA device is.
 *
 * @param name such as "NVIDIA H100 80GB HBM3"
 * @param capability its compute capability, such as "9.0"
 * @param multiprocessors how many it has
 * @param memoryBytes its memory
 * @param driver the CUDA version that the driver is for, such as "13.0"
 * @param runtime the version of the CUDA runtime that LibTorch uses
 */
public record DeviceFacts(
        String name, String capability, int multiprocessors, long memoryBytes, String driver, String runtime) {
    /** CUDA's number for a version, 13010, as "13.1". */
    static String version(int number) {
        return number / 1000 + "." + number % 1000 / 10;
    }
}
