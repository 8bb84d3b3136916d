package org.gradmimic.select.uid;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyType;

/** Uids in a {@code .npy} file of dtype {@code u8,u8}, in the order of the file. */
final class NpyUids implements Uids {
    private static final int BLOCK = 1 << 20;

    private final Path path;
    private final long size;

    NpyUids(Path path) {
        this.path = path;
        try (NpyFile file = open(path)) {
            this.size = file.rows();
        }
    }

    /** Opens a file and requires a list of pairs. */
    static NpyFile open(Path path) {
        NpyFile file = NpyFile.open(path);
        try {
            if (file.type() != NpyType.UINT64_PAIR) {
                throw InputException.in(path, "has dtype " + file.type().code() + "; expected uids, dtype u8,u8");
            }
            return file.requireRank(1);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void forEach(UidConsumer action) {
        try (NpyFile file = open(path)) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(BLOCK * 2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (long from = 0; from < size; from += BLOCK) {
                file.read(from, Math.min(size, from + BLOCK), bytes.clear());
                bytes.flip();
                for (long i = from; bytes.hasRemaining(); i++) {
                    action.accept(i, bytes.getLong(), bytes.getLong());
                }
            }
        }
    }
}
