package org.gradmimic.select.sample;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import org.gradmimic.base.InputException;

/**
 * How often each sample was drawn. The counts are in an unnamed temporary file, a byte each if they are small, and are read
 * from front to back. Not thread-safe.
 */
public final class Draws implements AutoCloseable {
    /** The bits of a count in one byte; the highest bit says that more follow. */
    private static final int BITS = 7;

    private final FileChannel file;
    private final long samples;
    private long size;
    private long distinct;
    private long most;

    private Draws(FileChannel file, long samples) {
        this.file = file;
        this.samples = samples;
    }

    /** Takes the count of the next sample. */
    interface Sink {
        void accept(long count);
    }

    /** @param source passes one count for each sample */
    static Draws collect(long samples, Consumer<Sink> source) {
        try {
            Path name = Files.createTempFile("gradmimic-draws", ".tmp");
            FileChannel file = FileChannel.open(
                    name, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            Draws draws = new Draws(file, samples);
            try {
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(file), 1 << 16);
                source.accept(count -> draws.put(out, count));
                out.flush();
                return draws;
            } catch (IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private void put(OutputStream out, long count) {
        size += count;
        if (count > 0) distinct++;
        most = Math.max(most, count);
        try {
            long rest = count;
            while (rest >= 1 << BITS) {
                out.write((int) (rest & 0x7f) | 0x80);
                rest >>>= BITS;
            }
            out.write((int) rest);
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private static InputException unusable(IOException e) {
        return new InputException("cannot use " + System.getProperty("java.io.tmpdir") + ": " + e.getMessage(), e);
    }

    /** The number of samples from which was drawn. */
    public long samples() {
        return samples;
    }

    /** The number of draws. */
    public long size() {
        return size;
    }

    /** The number of samples that were drawn at least once. */
    public long distinct() {
        return distinct;
    }

    /** The largest number of draws of one sample. */
    public long most() {
        return most;
    }

    /** Reads the counts from the first sample on. One cursor at a time. */
    public Cursor cursor() {
        try {
            file.position(0);
            return new Cursor(new BufferedInputStream(Channels.newInputStream(file), 1 << 16));
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    /** The counts, one after the other. */
    public static final class Cursor {
        private final InputStream in;

        private Cursor(InputStream in) {
            this.in = in;
        }

        /** How often the next sample was drawn. */
        public long next() {
            try {
                long count = 0;
                int shift = 0;
                while (true) {
                    int part = in.read();
                    if (part < 0) throw new EOFException("there is no next sample");
                    count |= (long) (part & 0x7f) << shift;
                    if (part < 0x80) return count;
                    shift += BITS;
                }
            } catch (IOException e) {
                throw unusable(e);
            }
        }
    }

    /** Removes the temporary file. A second call does nothing. */
    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw unusable(e);
        }
    }
}
