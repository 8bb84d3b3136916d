package org.gradmimic.reshard;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.gradmimic.io.tar.TarMember;
import org.jspecify.annotations.Nullable;

/**
 * A WebDataset sample: consecutive files of a tar with the same key. The key is the name up to the first dot after the
 * last slash.
 *
 * @param key the common part, folders included
 * @param members in the order of the tar
 */
public record Sample(String key, List<Member> members) {

    Sample(String key) {
        this(key, new ArrayList<>());
    }

    /**
     * A file of a sample.
     *
     * @param header its header in the tar
     * @param extension what follows the key and the dot, as in the tar
     * @param content its complete content, as stored
     */
    public record Member(TarMember header, String extension, byte[] content) {}

    /** The member with an extension, ignoring case; null if there is none. */
    public @Nullable Member member(String extension) {
        String wanted = extension.toLowerCase(Locale.ROOT);
        return members.stream()
                .filter(member -> member.extension.toLowerCase(Locale.ROOT).equals(wanted))
                .findFirst()
                .orElse(null);
    }

    /**
     * The end of the key in a file name; negative for a file that belongs to no sample because its name has no dot or
     * begins with one.
     */
    static int keyEnd(String name) {
        int base = name.lastIndexOf('/') + 1;
        int dot = name.indexOf('.', base);
        return dot > base ? dot : -1;
    }
}
