package org.gradmimic.reshard;

import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.io.TextLines;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.select.uid.ParquetUids;
import org.gradmimic.select.uid.Uid;
import org.jspecify.annotations.Nullable;

/**
 * The uids of a shard's samples: the {@code uid} in a sample's {@code .json}, otherwise the one for its key in the
 * Parquet file beside the shard, columns {@code key} and {@code uid}.
 */
public final class SampleUids {
    private static final String KEY = "key";

    private final Shard shard;
    private @Nullable Map<String, String> byKey;

    /** The uids of the samples of a shard. */
    public SampleUids(Shard shard) {
        this.shard = shard;
    }

    /**
     * The uid of a sample that must have one.
     *
     * @return 32 hexadecimal digits
     * @throws InputException if the sample has no uid or an invalid one; names shard and sample
     */
    public String uid(Sample sample) {
        String uid = find(sample);
        if (uid == null) {
            throw new InputException(where(sample) + " has no uid: there is none in "
                    + (sample.member("json") == null ? "it, for want of a .json," : "its .json")
                    + " and none for this key in " + shard.metadata());
        }
        return uid;
    }

    /**
     * The uid of a sample, 32 hexadecimal digits; null if it has none.
     *
     * @throws InputException if it has an invalid one; names shard and sample
     */
    public @Nullable String find(Sample sample) {
        String uid;
        try {
            uid = SampleJson.text(sample, ParquetUids.COLUMN);
        } catch (InvalidArgumentException e) {
            throw new InputException(where(sample) + ": " + e.getMessage(), e);
        }
        if (uid == null) {
            uid = metadata().get(sample.key());
        }
        if (uid != null && !Uid.isUid(uid)) {
            throw new InputException(
                    where(sample) + ": uid is '" + TextLines.shown(uid) + "', expected 32 hexadecimal digits");
        }
        return uid;
    }

    private Map<String, String> metadata() {
        Map<String, String> uids = byKey;
        if (uids == null) {
            uids = Files.exists(shard.metadata()) ? read(ParquetReader.open(shard.metadata())) : Map.of();
            byKey = uids;
        }
        return uids;
    }

    private static Map<String, String> read(ParquetReader reader) {
        Map<String, String> uids = new HashMap<>();
        ParquetUids.asText(reader.texts(KEY)).scan(List.of(KEY, ParquetUids.COLUMN), chunk -> {
            for (long i = 0; i < chunk.rowCount(); i++) {
                uids.put(chunk.vector(0).getString(i), chunk.vector(1).getString(i));
            }
        });
        return uids;
    }

    private String where(Sample sample) {
        return shard.tar() + ": sample " + TarMember.shown(sample.key());
    }
}
