package org.gradmimic.reshard;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.AtomicFile;
import org.gradmimic.io.InputFiles;
import org.gradmimic.io.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The counts of a finished shard, {@code NAME_stats.json}. DataComp's tools read the size of a shard from this file,
 * and its existence shows that the shard is finished.
 *
 * @param samples number of samples in the shard that was read
 * @param kept number of samples written, copies included
 * @param found number of distinct uids of the subset in the shard; −1 if an older version did not count them
 * @param subset which subset was kept
 */
record ShardStats(long samples, long kept, long found, String subset) {

    void write(Path file) {
        String json = "{\"successes\": " + kept + ", \"samples\": " + samples + ", \"uids\": " + found
                + ", \"subset\": \"" + subset + "\"}\n";
        AtomicFile.write(file, json.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * @return null if there is no such file
     * @throws InputException if the file is not from resharding
     */
    static @Nullable ShardStats read(Path file) {
        if (!Files.exists(file)) {
            return null;
        }
        long samples = -1;
        long kept = -1;
        long found = -1;
        String subset = null;
        InputFiles.requireRegular(file);
        try (JsonParser json = Json.parser(Files.readAllBytes(file))) {
            if (json.nextToken() == JsonToken.START_OBJECT) {
                while (json.nextToken() == JsonToken.PROPERTY_NAME) {
                    String name = json.currentName();
                    JsonToken value = json.nextToken();
                    if (name.equals("successes") && value == JsonToken.VALUE_NUMBER_INT) {
                        kept = json.getLongValue();
                    } else if (name.equals("samples") && value == JsonToken.VALUE_NUMBER_INT) {
                        samples = json.getLongValue();
                    } else if (name.equals("uids") && value == JsonToken.VALUE_NUMBER_INT) {
                        found = json.getLongValue();
                    } else if (name.equals("subset") && value == JsonToken.VALUE_STRING) {
                        subset = json.getString();
                    } else {
                        json.skipChildren();
                    }
                }
            }
        } catch (JacksonException e) {
            throw foreign(file, e);
        } catch (IOException e) {
            throw InputException.in(file, "cannot be read: " + AtomicFile.reason(e), e);
        }
        if (samples < 0 || kept < 0 || subset == null) {
            throw foreign(file, null);
        }
        return new ShardStats(samples, kept, found, subset);
    }

    private static InputException foreign(Path file, @Nullable Exception cause) {
        return InputException.in(file, "is not from resharding; give a separate folder for the output", cause);
    }
}
