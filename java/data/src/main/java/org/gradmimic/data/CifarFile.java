package org.gradmimic.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.InputFiles;

/**
 * One file of CIFAR-10 or CIFAR-100: records of labels and 3072 bytes, the red, green and blue planes of an image of 32×32.
 * In the distribution for Python the labels are elsewhere in the file.
 *
 * @param start the position of the first record
 * @param labelBytes bytes of a record before its pixels
 * @param labels of the records
 */
record CifarFile(Path path, long start, int labelBytes, long[] labels) {
    /** The number of bytes of an image. */
    static final int IMAGE = 3 * 32 * 32;

    /** The largest number of records of a file. */
    private static final long MAX_RECORDS = Integer.MAX_VALUE / 8;

    /** The number of records. */
    int records() {
        return labels.length;
    }

    /** The number of bytes of a record. */
    int recordBytes() {
        return labelBytes + IMAGE;
    }

    /**
     * A file of the binary distribution, whose last label is used.
     *
     * @throws InputException if it is missing, truncated, or has a label without a class
     */
    static CifarFile binary(Path file, int labelBytes, int classes) {
        int record = labelBytes + IMAGE;
        try (InputStream in = new BufferedInputStream(InputFiles.open(file), 1 << 16)) {
            long bytes = Files.size(file);
            if (bytes == 0 || bytes % record != 0 || bytes / record > MAX_RECORDS) {
                throw InputException.in(
                        file,
                        "has " + bytes + " bytes, so it is truncated or not a file of this kind; expected"
                                + " a multiple of " + record + " (" + bytes / record + " whole records are there)");
            }
            long[] labels = new long[(int) (bytes / record)];
            for (int i = 0; i < labels.length; i++) {
                in.skipNBytes(labelBytes - 1);
                labels[i] = label(file, i, in.read(), classes);
                in.skipNBytes(IMAGE);
            }
            return new CifarFile(file, 0, labelBytes, labels);
        } catch (IOException e) {
            throw missing(file, e);
        }
    }

    /**
     * A file of the distribution for Python: a pickled dictionary with the pixels as {@code data} [n, 3072].
     *
     * @param key of the labels
     * @throws InputException if it is missing, damaged or something else, or has a label without a class
     */
    static CifarFile python(Path file, String key, int classes) {
        Map<?, ?> batch = dictionary(file);
        if (!(batch.get("data") instanceof PlainPickle.Bytes pixels) || !(batch.get(key) instanceof List<?> given)) {
            throw InputException.in(file, "has no data and " + key + "; it is not a file of this distribution");
        }
        if (pixels.length() != (long) given.size() * IMAGE || given.size() > MAX_RECORDS) {
            throw InputException.in(
                    file,
                    "has " + given.size() + " labels, but " + pixels.length() + " bytes of pixels; expected " + IMAGE
                            + " for each");
        }
        long[] labels = IntStream.range(0, given.size())
                .mapToLong(i -> label(file, i, given.get(i) instanceof Long number ? number : -1, classes))
                .toArray();
        return new CifarFile(file, pixels.position(), 0, labels);
    }

    private static long label(Path file, int record, long label, int classes) {
        if (label < 0 || label >= classes) {
            throw InputException.in(
                    file, "record " + record + " has the label " + label + "; expected 0 to " + (classes - 1));
        }
        return label;
    }

    /** The names of the classes, one a line. */
    static List<String> names(Path file) {
        try {
            List<String> names = Files.readAllLines(file, StandardCharsets.UTF_8).stream()
                    .map(String::strip)
                    .filter(name -> !name.isEmpty())
                    .toList();
            if (names.isEmpty()) throw InputException.in(file, "names no classes");
            return names;
        } catch (IOException e) {
            throw missing(file, e);
        }
    }

    /** The names of the classes in a pickled dictionary. */
    static List<String> pythonNames(Path file, String key) {
        if (dictionary(file).get(key) instanceof List<?> names
                && !names.isEmpty()
                && names.stream().allMatch(String.class::isInstance)) {
            return names.stream().map(String.class::cast).toList();
        }
        throw InputException.in(file, "names no classes (" + key + ")");
    }

    private static Map<?, ?> dictionary(Path file) {
        try (InputStream in = new BufferedInputStream(InputFiles.open(file), 1 << 16)) {
            if (PlainPickle.read(in) instanceof Map<?, ?> dictionary) return dictionary;
            throw InputException.in(file, "is not a file of the distribution for Python");
        } catch (EOFException e) {
            throw InputException.in(file, "is truncated", e);
        } catch (InvalidArgumentException e) {
            throw InputException.in(file, "is not a file of the distribution for Python: " + e.getMessage(), e);
        } catch (IOException e) {
            throw missing(file, e);
        }
    }

    static InputException missing(Path file, IOException cause) {
        String reason = Files.exists(file) ? "cannot be read: " + cause : "no such file";
        return InputException.in(
                file, reason + "; expected the binary distribution (.bin files), or the one for Python", cause);
    }
}
