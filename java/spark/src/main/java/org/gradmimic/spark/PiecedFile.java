package org.gradmimic.spark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.IOUtils;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * One file that many tasks write, such as a {@code .npy} file. Every task writes its own piece in a hidden folder
 * beside the target. The driver then concatenates the pieces, byte by byte and in constant memory. The file is whole or
 * absent.
 *
 * <p>The name of a piece contains its attempt, so a task that runs twice, because an executor was lost, does no harm:
 * only the pieces of the successful attempts are used.
 */
final class PiecedFile {

    private static final int BUFFER = 1 << 20;

    private PiecedFile() {}

    /** Writes the rows of a partition as bytes. */
    @FunctionalInterface
    interface Encoder<T> extends Serializable {
        /**
         * @param rows the rows of a partition
         * @return how many elements of the file were written, as the header counts them
         */
        long write(Iterator<T> rows, OutputStream out) throws IOException;
    }

    private record Piece(String path, long elements) implements Serializable {}

    /**
     * Writes a file, partition by partition.
     *
     * @param header creates the beginning of the file from the number of elements
     * @return the number of elements
     * @throws org.gradmimic.base.InputException if it cannot be written; an existing file of that name is then
     *     untouched
     */
    static <T> long write(
            JavaSparkContext spark, Path target, JavaRDD<T> rows, Encoder<T> encoder, LongFunction<byte[]> header) {
        Configuration hadoop = spark.hadoopConfiguration();
        Path folder = Hadoop.hidden(target, ".pieces");
        Path temporary = Hadoop.hidden(target, ".tmp");
        try {
            FileSystem files = Hadoop.files(target, hadoop);
            try {
                files.delete(folder, true);
                if (!files.mkdirs(folder)) {
                    throw new IOException("no folder can be made beside it");
                }
                List<Piece> pieces = pieces(spark, folder.toString(), rows, encoder);
                long elements = pieces.stream().mapToLong(Piece::elements).sum();
                assemble(files, temporary, header.apply(elements), pieces);
                Hadoop.rename(temporary, target, hadoop);
                return elements;
            } finally {
                files.delete(folder, true);
                files.delete(temporary, false);
            }
        } catch (IOException | FSError e) {
            throw Hadoop.unwritable(target, e);
        }
    }

    private static <T> List<Piece> pieces(JavaSparkContext spark, String folder, JavaRDD<T> rows, Encoder<T> encoder) {
        Broadcast<SerializableConfiguration> hadoop = Hadoop.broadcast(spark);
        return rows.mapPartitionsWithIndex(
                        (index, partition) -> List.of(piece(
                                        folder,
                                        index,
                                        partition,
                                        encoder,
                                        hadoop.value().value()))
                                .iterator(),
                        true)
                .collect();
    }

    private static <T> Piece piece(
            String folder, int index, Iterator<T> rows, Encoder<T> encoder, Configuration hadoop) {
        Path path = new Path(folder, index + "-" + TaskContext.get().taskAttemptId());
        try (OutputStream out =
                new BufferedOutputStream(Hadoop.files(path, hadoop).create(path, true), BUFFER)) {
            return new Piece(path.toString(), encoder.write(rows, out));
        } catch (IOException | FSError e) {
            throw Hadoop.unwritable(path, e);
        }
    }

    private static void assemble(FileSystem files, Path temporary, byte[] header, List<Piece> pieces)
            throws IOException {
        try (FSDataOutputStream out = files.create(temporary, true)) {
            out.write(header);
            for (Piece piece : pieces) {
                try (FSDataInputStream in = files.open(new Path(piece.path()))) {
                    IOUtils.copyBytes(in, out, BUFFER, false);
                }
            }
            out.hsync();
        }
    }
}
