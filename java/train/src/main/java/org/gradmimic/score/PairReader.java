package org.gradmimic.score;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.gradmimic.base.InputException;
import org.gradmimic.base.InternalException;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.OperationInterruptedException;
import org.gradmimic.base.SettingException;
import org.gradmimic.base.SettingText;
import org.gradmimic.data.SharedImageDecoder;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.model.caption.ClipTokenizer;
import org.gradmimic.reshard.Sample;
import org.gradmimic.reshard.SampleJson;
import org.gradmimic.reshard.SampleReader;
import org.gradmimic.reshard.SampleUids;
import org.gradmimic.reshard.Shard;
import org.jspecify.annotations.Nullable;

/**
 * The pairs of a shard, in order. A sample's image is its first file with the extension of an image. Its caption is its
 * {@code .txt}, otherwise {@code caption} or {@code text} in its {@code .json}. Images are decoded in other threads, a
 * limited number of samples ahead.
 */
final class PairReader implements AutoCloseable {
    private static final List<String> IMAGES =
            List.of("jpg", "jpeg", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "ppm", "pgm", "pnm");

    /** What turns the files of samples into pairs. All shards of a run use the same. */
    record Tools(SharedImageDecoder images, ClipTokenizer tokenizer, ExecutorService threads) {}

    /** A sample that was read. Its pixels fail with an InputException if it cannot be used. */
    private record Ahead(String key, @Nullable String uid, long[] tokens, Future<byte[]> pixels) {}

    private final Shard shard;
    private final Tools tools;
    private final int lookAhead;
    private final BadSamples policy;
    private final @Nullable SampleReader reader;
    private final SampleUids uids;
    private final Deque<Ahead> ahead = new ArrayDeque<>();
    private final List<BadSample> bad = new ArrayList<>();
    private boolean ended;

    /** @param lookAhead how many samples may be read before they are asked for */
    PairReader(Shard shard, Tools tools, int lookAhead, BadSamples policy) {
        this.shard = shard;
        this.tools = tools;
        this.lookAhead = lookAhead;
        this.policy = policy;
        uids = new SampleUids(shard);
        reader = open();
    }

    private @Nullable SampleReader open() {
        try {
            return new SampleReader(shard.tar());
        } catch (InputException e) {
            end(e);
            return null;
        }
    }

    /** Nothing can be read any more. The samples before the damage come first. */
    private void end(InputException damage) {
        ended = true;
        ahead.add(new Ahead("", null, new long[0], CompletableFuture.failedFuture(damage)));
    }

    /** The samples that were left out so far. */
    List<BadSample> bad() {
        return bad;
    }

    /**
     * The next pair; null at the end.
     *
     * @throws SettingException for a bad sample, unless they are skipped
     */
    @Nullable
    Pair next() {
        while (true) {
            while (reader != null && !ended && ahead.size() < lookAhead) read(reader);
            Ahead first = ahead.poll();
            if (first == null) return null;
            try {
                return new Pair(first.key, first.uid, await(first.pixels), first.tokens);
            } catch (InputException e) {
                leaveOut(first.key, e);
            }
        }
    }

    /** Begins to decode the next sample. */
    private void read(SampleReader reader) {
        Sample sample;
        try {
            sample = reader.next();
        } catch (InputException e) {
            end(e);
            return;
        }
        if (sample == null) {
            ended = true;
            return;
        }
        String key = TarMember.shown(sample.key());
        try {
            String uid = uids.find(sample);
            long[] tokens = tools.tokenizer.tokens(caption(sample, where(key)));
            byte[] image = image(sample, where(key));
            Future<byte[]> pixels = tools.threads.submit(() -> tools.images.decode(image, where(key)));
            ahead.add(new Ahead(key, uid, tokens, pixels));
        } catch (InputException e) {
            ahead.add(new Ahead(key, null, new long[0], CompletableFuture.failedFuture(e)));
        }
    }

    private String where(String key) {
        return shard.tar() + ": sample " + key;
    }

    private static byte[] image(Sample sample, String where) {
        for (Sample.Member member : sample.members()) {
            String extension = member.extension().toLowerCase(Locale.ROOT);
            if (IMAGES.contains(extension)) return content(member, where);
        }
        throw InputException.in(where, "has no image (." + String.join(", .", IMAGES) + ")");
    }

    private static String caption(Sample sample, String where) {
        Sample.Member text = sample.member("txt");
        if (text != null) {
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(content(text, where)))
                        .toString();
            } catch (CharacterCodingException e) {
                throw InputException.in(where, "its caption is not UTF-8", e);
            }
        }
        try {
            String caption = SampleJson.text(sample, "caption", "text");
            if (caption != null) return caption;
        } catch (InvalidArgumentException e) {
            throw InputException.in(where, e.getMessage(), e);
        }
        throw InputException.in(where, "has no caption: no .txt, and no caption or text in a .json");
    }

    private static byte[] content(Sample.Member member, String where) {
        if (member.header().kind() == TarMember.Kind.FILE) return member.content();
        throw InputException.in(
                where,
                "its ." + member.extension() + " is stored as "
                        + member.header().kind().words() + "; expected it whole");
    }

    private static byte[] await(Future<byte[]> pixels) {
        try {
            return pixels.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationInterruptedException("interrupted while an image was decoded", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) throw failure;
            if (e.getCause() instanceof Error failure) throw failure;
            throw new InternalException(String.valueOf(e.getCause()), e.getCause());
        }
    }

    private void leaveOut(String key, InputException e) {
        if (policy == BadSamples.FAIL) {
            throw new SettingException(SettingText.of(e.getMessage() + "; ")
                    .setting(ShardSettings.BAD_SAMPLES.name())
                    .text(" " + BadSamples.SKIP + " leaves it out and lists it"));
        }
        String place = key.isEmpty() ? shard.tar() + ": " : where(key);
        String message = e.getMessage();
        String reason = message.startsWith(place) ? message.substring(place.length()) : message;
        bad.add(new BadSample(key, reason.replaceFirst("^[: ]+", "")));
    }

    @Override
    public void close() {
        ahead.forEach(sample -> sample.pixels.cancel(false));
        if (reader != null) reader.close();
    }
}
