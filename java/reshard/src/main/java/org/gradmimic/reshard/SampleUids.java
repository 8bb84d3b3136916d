package org.gradmimic.reshard;

import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradmimic.base.InputException;
import org.gradmimic.io.Json;
import org.gradmimic.io.ParquetReader;
import org.gradmimic.io.TextLines;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.select.uid.ParquetUids;
import org.gradmimic.select.uid.Uid;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The uids of a shard's samples: the {@code uid} in a sample's {@code .json}, otherwise the one for its key in the
 * Parquet file beside the shard, columns {@code key} and {@code uid}.
 */
final class SampleUids {
    private static final String KEY = "key";

    private final Shard shard;
    private @Nullable Map<String, String> byKey;

    SampleUids(Shard shard) {
        this.shard = shard;
    }

    /**
     * @return 32 hexadecimal digits
     * @throws InputException if the sample has no uid or an invalid one; names shard and sample
     */
    String uid(Sample sample) {
        Sample.Member json = sample.member("json");
        if (json != null && json.header().kind() != TarMember.Kind.FILE) {
            throw new InputException(where(sample) + ": its .json is stored as "
                    + json.header().kind().words() + "; expected it whole");
        }
        String uid = json == null ? null : uid(sample, json.content());
        if (uid == null) {
            uid = metadata().get(sample.key());
        }
        if (uid == null) {
            throw new InputException(where(sample) + " has no uid: there is none in "
                    + (json == null ? "it, for want of a .json," : "its .json") + " and none for this key in "
                    + shard.metadata());
        }
        if (!Uid.isUid(uid)) {
            throw new InputException(
                    where(sample) + ": uid is '" + TextLines.shown(uid) + "', expected 32 hexadecimal digits");
        }
        return uid;
    }

    private @Nullable String uid(Sample sample, byte[] content) {
        try (JsonParser json = Json.parser(content)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new InputException(where(sample) + ": its .json is not an object");
            }
            while (json.nextToken() == JsonToken.PROPERTY_NAME) {
                boolean found = json.currentName().equals(ParquetUids.COLUMN);
                JsonToken value = json.nextToken();
                if (found && value != JsonToken.VALUE_NULL) {
                    return json.getValueAsString("");
                }
                json.skipChildren();
            }
            return null;
        } catch (JacksonException e) {
            throw new InputException(where(sample) + ": its .json " + Json.reason(e), e);
        }
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
