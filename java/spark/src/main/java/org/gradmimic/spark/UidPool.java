package org.gradmimic.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.gradmimic.base.InputException;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.select.uid.Uid;

/**
 * The uids of a pool in the order of its samples. Executors read ranges of samples. It corresponds to {@link
 * org.gradmimic.select.uid.Uids} on one machine; text files are not supported here.
 */
interface UidPool extends Serializable {

    /** The column of a Parquet pool. */
    String COLUMN = "uid";

    /** {@return N} */
    long size();

    /**
     * Reads the uids of consecutive samples.
     *
     * @param first the first sample
     * @param high receives the high 64 bits; its length determines the number of uids
     * @param low receives the low 64 bits
     * @throws InputException if a file cannot be read or contains something other than uids
     */
    void read(long first, long[] high, long[] low, Configuration hadoop);

    /**
     * Opens a pool: a {@code .npy} file of dtype {@code u8,u8}, or Parquet with a column {@code uid} of text or 16
     * bytes. Parquet is a file, or a folder whose files are read in the order of their names.
     *
     * @throws InputException if it is missing or of another kind
     */
    static UidPool open(JavaSparkContext spark, String file) {
        Configuration hadoop = spark.hadoopConfiguration();
        if (file.endsWith(".npy")) {
            return new Npy(NpyRange.open(file, "uids", type -> type == NpyType.UINT64_PAIR, "uids (u8,u8)", hadoop));
        }
        List<String> files = parquetFiles(file, hadoop);
        Broadcast<SerializableConfiguration> settings = Hadoop.broadcast(spark);
        return new Parquet(spark.parallelize(files, Math.min(files.size(), 4 * spark.defaultParallelism()))
                .map(part -> part(part, settings.value().value()))
                .collect());
    }

    private static List<String> parquetFiles(String file, Configuration hadoop) {
        Path path = Hadoop.path(file, "uids");
        try {
            FileSystem system = path.getFileSystem(hadoop);
            if (system.exists(path) && system.getFileStatus(path).isDirectory()) {
                List<String> files = Hadoop.parquetFiles(system, path);
                if (files.isEmpty()) {
                    throw InputException.in(file, "no .parquet file in this folder");
                }
                return files;
            }
            if (!system.exists(path) || !file.endsWith(".parquet")) {
                throw new InputException(file + (system.exists(path) ? "" : ": no such file")
                        + ": expected uids in a .parquet or .npy file or a folder of Parquet files"
                        + (file.endsWith(".txt")
                                ? "; executors cannot find the line of a sample in a text file (gradmimic filter reads text)"
                                : ""));
            }
            return List.of(path.toString());
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + Failures.reason(e), e);
        }
    }

    private static Part part(String path, Configuration hadoop) {
        try (ParquetGroups groups = ParquetGroups.open(path, hadoop)) {
            if (!groups.schema().containsField(COLUMN)) {
                throw InputException.in(path, "no column " + COLUMN);
            }
            Type type = groups.schema().getType(COLUMN);
            if (!type.isPrimitive() || !isUids(type.asPrimitiveType())) {
                throw InputException.in(path, "column " + COLUMN + " is '" + type + "', expected text or 16 bytes");
            }
            return new Part(path, groups.groupRows());
        }
    }

    private static boolean isUids(PrimitiveType type) {
        return type.getPrimitiveTypeName() == PrimitiveTypeName.BINARY
                || type.getPrimitiveTypeName() == PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY
                        && type.getTypeLength() == 2 * Long.BYTES;
    }

    /** Uids in a {@code .npy} file. */
    record Npy(NpyRange file) implements UidPool {
        @Override
        public long size() {
            return file.rows();
        }

        @Override
        public void read(long first, long[] high, long[] low, Configuration hadoop) {
            ByteBuffer pairs = file.read(first, high.length, hadoop);
            for (int i = 0; i < high.length; i++) {
                high[i] = pairs.getLong();
                low[i] = pairs.getLong();
            }
        }
    }

    /** A Parquet file and the number of rows in each of its row groups. */
    record Part(String path, List<Long> groupRows) implements Serializable {
        long rows() {
            return groupRows.stream().mapToLong(Long::longValue).sum();
        }
    }

    /** Uids in Parquet files. */
    record Parquet(List<Part> parts) implements UidPool {
        @Override
        public long size() {
            return parts.stream().mapToLong(Part::rows).sum();
        }

        @Override
        public void read(long first, long[] high, long[] low, Configuration hadoop) {
            long begin = 0;
            for (Part part : parts) {
                long end = begin + part.rows();
                if (begin < first + high.length && end > first) {
                    read(part, begin, first, high, low, hadoop);
                }
                begin = end;
            }
        }

        private static void read(Part part, long partFirst, long first, long[] high, long[] low, Configuration hadoop) {
            try (ParquetGroups groups = ParquetGroups.open(part.path(), hadoop)) {
                long begin = partFirst;
                for (int g = 0; g < part.groupRows().size(); g++) {
                    long groupFirst = begin;
                    begin += part.groupRows().get(g);
                    if (groupFirst < first + high.length && begin > first) {
                        groups.read(g, List.of(COLUMN), (rows, columns) -> {
                            for (long sample = groupFirst; sample < groupFirst + rows; sample++) {
                                if (sample >= first && sample < first + high.length) {
                                    String uid = uid(columns[0], part.path(), sample - partFirst);
                                    high[(int) (sample - first)] = Uid.high(uid);
                                    low[(int) (sample - first)] = Uid.low(uid);
                                } else if (!ParquetGroups.isNull(columns[0])) {
                                    columns[0].skip();
                                }
                                columns[0].consume();
                            }
                        });
                    }
                }
            }
        }

        private static String uid(ColumnReader column, String path, long row) {
            String uid = ParquetGroups.isNull(column) ? "NULL" : text(column);
            if (!Uid.isUid(uid)) {
                throw InputException.in(path, "row " + row + ": uid is '" + uid + "', expected 32 hexadecimal digits");
            }
            return uid;
        }

        /** Text as it is; 16 bytes that are not text as their hexadecimal digits. */
        private static String text(ColumnReader column) {
            Binary value = column.getBinary();
            boolean text = column.getDescriptor().getPrimitiveType().getLogicalTypeAnnotation()
                    instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation;
            return !text && value.length() == 2 * Long.BYTES
                    ? HexFormat.of().formatHex(value.getBytes())
                    : value.toStringUsingUTF8();
        }
    }
}
