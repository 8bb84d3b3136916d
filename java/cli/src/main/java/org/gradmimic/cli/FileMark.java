package org.gradmimic.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;

/** Tells whether an input file is the one of before: its size and a checksum, of samples where it is large. */
final class FileMark {
    private static final int BLOCK = 1 << 20;

    /** Blocks that are read: 64 MiB, all of a file of that size. */
    private static final int BLOCKS = 64;

    private FileMark() {}

    /** "12345 bytes, checksum 1a2b3c4d". */
    static String of(Path file) {
        try (FileChannel channel = InputFiles.channel(file)) {
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
            throw new InputException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
