package org.gradmimic.reshard;

import java.io.IOException;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.PassedOver;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.io.tar.TarReader;
import org.jspecify.annotations.Nullable;

/**
 * The samples of a shard, one after the other; one is in memory at a time. Files that belong to no sample are left out.
 * A link, a pipe or a device with the name of a sample's file is rejected, because its content is elsewhere.
 */
public final class SampleReader implements AutoCloseable {
    /** Far above the size of any image and its caption, far below the limit of an array. */
    private static final long MAX_BYTES = 1L << 30;

    private final Path shard;
    private final TarReader tar;
    private final PassedOver leftOut;
    private @Nullable TarMember ahead;
    private boolean begun;

    /**
     * Opens a shard.
     *
     * @throws InputException if it is missing, or not a tar archive
     */
    public SampleReader(Path shard) {
        this(shard, new PassedOver());
    }

    /** @param leftOut counts the files that belong to no sample */
    SampleReader(Path shard, PassedOver leftOut) {
        this.shard = shard;
        this.leftOut = leftOut;
        try {
            this.tar = new TarReader(shard);
        } catch (IOException e) {
            throw InputException.in(shard, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }

    /**
     * Reads the next sample.
     *
     * @return null at the end, after the whole file was checked
     * @throws InputException if the shard is damaged or truncated, or a sample is too large
     */
    public @Nullable Sample next() {
        if (!begun) {
            begun = true;
            ahead = nextFile();
        }
        TarMember member = ahead;
        if (member == null) {
            return null;
        }
        Sample sample = new Sample(key(member));
        long bytes = 0;
        while (member != null && key(member).equals(sample.key()) && sample.member(extension(member)) == null) {
            if (member.kind() != TarMember.Kind.FILE && member.kind() != TarMember.Kind.SPARSE) {
                throw InputException.in(
                        shard,
                        "member " + member.shownName() + " is " + member.kind().words() + "; expected a regular file");
            }
            bytes += member.size();
            if (bytes > MAX_BYTES) {
                throw InputException.in(
                        shard, "the sample of " + member.shownName() + " has more than " + MAX_BYTES + " bytes");
            }
            sample.members().add(new Sample.Member(member, extension(member), tar.content()));
            member = nextFile();
        }
        ahead = member;
        return sample;
    }

    private @Nullable TarMember nextFile() {
        TarMember member = tar.next();
        while (member != null && (member.kind() == TarMember.Kind.DIRECTORY || Sample.keyEnd(member.name()) < 0)) {
            if (member.kind() != TarMember.Kind.DIRECTORY) leftOut.add(shard + ": " + member.shownName());
            member = tar.next();
        }
        return member;
    }

    private static String key(TarMember member) {
        String name = member.name();
        return name.substring(0, Sample.keyEnd(name));
    }

    private static String extension(TarMember member) {
        String name = member.name();
        return name.substring(Sample.keyEnd(name) + 1);
    }

    @Override
    public void close() {
        try {
            tar.close();
        } catch (IOException e) {
            throw InputException.in(shard, "cannot be read: " + AtomicFile.reason(e), e);
        }
    }
}
