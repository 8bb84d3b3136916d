package org.gradmimic.io.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.InputFiles;

/**
 * Identifies an input file by its size and a checksum, so that a changed file is noticed. For a file above 64 MiB the
 * checksum covers 64 evenly spread blocks of 1 MiB.
 */
public final class FileMark {
    private static final int BLOCK = 1 << 20;

    /** The number of blocks that are read: 64 MiB, or the whole file if it is smaller. */
    private static final int BLOCKS = 64;

    private FileMark() {}

    /**
     * The mark of a file, for example "12345 bytes, checksum 1a2b3c4d". An array in an archive has the mark of the archive.
     *
     * @throws InputException if the file cannot be read, or is a pipe or a device
     */
    public static String of(Path file) {
        try (FileChannel channel = InputFiles.channel(InputFiles.onDisk(file))) {
            long size = channel.size();
            CRC32C checksum = new CRC32C();
            ByteBuffer block = ByteBuffer.allocate(BLOCK);
            long blocks = (size + BLOCK - 1) / BLOCK;
            long read = Math.min(BLOCKS, blocks);
            for (long i = 0; i < read; i++) {
                long at = (read == 1 ? 0 : i * (blocks - 1) / (read - 1)) * BLOCK;
                block.clear();
                while (block.hasRemaining() && channel.read(block, at + block.position()) >= 0) {}
                checksum.update(block.flip());
            }
            return String.format(Locale.ROOT, "%d bytes, checksum %08x", size, checksum.getValue());
        } catch (IOException e) {
            throw new InputException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        }
    }
}
