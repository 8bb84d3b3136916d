package org.gradmimic.select.uid;

import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.ParquetReader;

/**
 * The uids of a pool in the order of its samples: the i-th uid belongs to sample i. They are read from front to back,
 * any number of times, in constant memory.
 */
public interface Uids {
    /** The number of samples. */
    long size();

    /**
     * Passes every uid to the consumer, in order.
     *
     * @throws InputException if the file cannot be read or contains something other than uids; names the place
     */
    void forEach(UidConsumer action);

    /**
     * Opens a pool. The extension of its name selects the format.
     *
     * @param path {@code .parquet} with a column {@code uid}, or a folder of such files, in the order of their names;
     *     {@code .npy} of dtype {@code u8,u8}, in any order; {@code .txt} with one uid per line
     * @return its uids
     * @throws InputException if it is missing or of another kind
     */
    static Uids open(Path path) {
        String name = path.toString();
        if (Files.isDirectory(path) || name.endsWith(".parquet")) {
            return new ParquetUids(ParquetReader.openAll(path));
        }
        if (name.endsWith(".npy") || InputFiles.isArchive(InputFiles.onDisk(path))) {
            return new NpyUids(path);
        }
        if (name.endsWith(".txt")) {
            return new TextUids(path);
        }
        throw InputException.in(path, "expected uids in a .parquet, .npy or .txt file or a folder of Parquet files");
    }
}
