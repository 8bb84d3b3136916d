package org.gradmimic.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.gradmimic.base.InputException;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.gradmimic.io.ParquetFolder;

/** Access to Hadoop's file systems, through which Spark reads and writes. */
final class Hadoop {

    private Hadoop() {}

    /** The session's settings, for tasks that open files. */
    static Broadcast<SerializableConfiguration> broadcast(JavaSparkContext spark) {
        return spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
    }

    /** @throws SettingException if the text is not a path or URI; names the setting */
    static Path path(String text, String setting) {
        try {
            return new Path(text);
        } catch (IllegalArgumentException e) {
            throw new SettingException(
                    SettingText.named(setting).text(" '" + text + "' is not a path: " + Failures.reason(e)));
        }
    }

    /** The file system of a path. For a local disk it does not write the checksum files that Hadoop adds. */
    static FileSystem files(Path path, Configuration hadoop) throws IOException {
        FileSystem files = path.getFileSystem(hadoop);
        return files instanceof LocalFileSystem local ? local.getRawFileSystem() : files;
    }

    /**
     * The Parquet files of a folder in the order of their names, as {@link ParquetFolder} lists them on one machine.
     *
     * @throws InputException if folders below contain Parquet files, and no marker says that they belong to it
     */
    static List<String> parquetFiles(FileSystem files, Path folder) throws IOException {
        List<String> own = new ArrayList<>();
        List<String> below = new ArrayList<>();
        for (FileStatus entry : files.listStatus(folder)) {
            if (!entry.isDirectory()) {
                addData(entry, own);
            } else if (!entry.getPath().getName().matches("[._].*")) {
                collect(files, entry.getPath(), below);
            }
        }
        Collections.sort(below);
        if (!below.isEmpty() && !files.exists(new Path(folder, ParquetFolder.MARKER))) {
            throw ParquetFolder.unmarked(folder, below.get(0));
        }
        own.addAll(below);
        Collections.sort(own);
        return own;
    }

    private static void collect(FileSystem files, Path folder, List<String> found) throws IOException {
        for (FileStatus entry : files.listStatus(folder)) {
            if (!entry.isDirectory()) {
                addData(entry, found);
            } else if (!entry.getPath().getName().matches("[._].*")) {
                collect(files, entry.getPath(), found);
            }
        }
    }

    private static void addData(FileStatus entry, List<String> found) {
        String name = entry.getPath().getName();
        if (name.endsWith(".parquet") && !name.startsWith(".")) {
            found.add(entry.getPath().toString());
        }
    }

    /**
     * Rejects a name that nothing could be written under, before anything is computed.
     *
     * @throws InputException if there is no such folder or the name cannot be replaced
     */
    static void requireWritable(Path target, boolean folder, Configuration hadoop) {
        try {
            FileSystem files = files(target, hadoop);
            Path parent = files.makeQualified(target).getParent();
            if (parent == null
                    || !files.exists(parent)
                    || !files.getFileStatus(parent).isDirectory()) {
                throw new InputException("cannot write " + target + ": there is no folder " + parent);
            }
            if (!files.exists(target)) {
                return;
            }
            if (folder) {
                throw new InputException("cannot write " + target + ": it already exists");
            }
            if (files.getFileStatus(target).isDirectory()) {
                throw new InputException("cannot write " + target + ": it is a folder, expected a file name");
            }
        } catch (IOException e) {
            throw unwritable(target, e);
        }
    }

    /** Renames a finished file or folder to its final name. An existing file of that name is replaced in one step. */
    static void rename(Path temporary, Path target, Configuration hadoop) throws IOException {
        FileSystem files = files(target, hadoop);
        // Some file systems replace the target, others return false.
        if (!files.rename(temporary, target)) {
            FileContext.getFileContext(files.makeQualified(target).toUri(), hadoop)
                    .rename(temporary, target, Options.Rename.OVERWRITE);
        }
    }

    /** The hidden name beside a path, under which its content is written. */
    static Path hidden(Path target, String ending) {
        return new Path(target.getParent(), "." + target.getName() + ending);
    }

    static InputException unwritable(Path target, Throwable e) {
        return new InputException("cannot write " + target + ": " + Failures.reason(e), e);
    }
}
