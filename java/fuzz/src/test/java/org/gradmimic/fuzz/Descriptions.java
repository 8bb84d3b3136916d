package org.gradmimic.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyType;
import org.gradmimic.io.tar.TarMember;
import org.gradmimic.io.tar.TarReader;
import org.gradmimic.model.Weights;
import org.gradmimic.select.score.Scores;
import org.gradmimic.select.uid.UidSubset;

/** What was read from a file, as one line of text: names, types, shapes and checksums of the values; as read.py describes it. */
final class Descriptions {
    private Descriptions() {}

    static String npy(Path path) {
        try (NpyFile file = NpyFile.open(path)) {
            String shape = Arrays.toString(file.shape());
            if (file.type() == NpyType.BOOL) return "boolean " + shape + " " + checksum(file.readBooleans());
            if (file.type().isInteger()) return "integer " + shape + " " + checksum(file.readLongs());
            return "float " + shape + " " + checksum(file.readFloats());
        }
    }

    static String scores(Path path) {
        try (Scores scores = Scores.npy(path)) {
            int samples = Math.toIntExact(scores.samples());
            float[] all = new float[Math.multiplyExact(scores.epochs(), samples)];
            float[] row = new float[samples];
            for (int epoch = 0; epoch < scores.epochs(); epoch++) {
                scores.read(epoch, 0, samples, row);
                System.arraycopy(row, 0, all, epoch * samples, samples);
            }
            return scores.epochs() + " " + samples + " " + checksum(all);
        }
    }

    static String uids(Path path) {
        UidSubset subset = UidSubset.open(path);
        long[] high = new long[Math.toIntExact(subset.size())];
        long[] low = new long[high.length];
        for (int i = 0; i < high.length; i++) {
            high[i] = subset.high(i);
            low[i] = subset.low(i);
        }
        return high.length + " " + checksum(high) + " " + checksum(low);
    }

    static String weights(Path path) {
        List<String> lines = new ArrayList<>();
        try (PointerScope scope = new PointerScope();
                Weights weights = Weights.open(path)) {
            for (String name : weights.names()) {
                Tensor tensor = weights.tensor(name).contiguous();
                long bytes = tensor.numel() * tensor.element_size();
                ByteBuffer data = bytes == 0
                        ? ByteBuffer.allocate(0)
                        : new BytePointer(tensor.data_ptr()).capacity(bytes).asByteBuffer();
                lines.add(shown(name) + " " + weights.type(name) + " " + Arrays.toString(weights.shape(name)) + " "
                        + checksum(data));
            }
        }
        Collections.sort(lines);
        return String.join("; ", lines);
    }

    static String tar(Path path) throws Exception {
        List<String> lines = new ArrayList<>();
        try (TarReader tar = new TarReader(path)) {
            for (TarMember member = tar.next(); member != null; member = tar.next()) {
                byte[] content = member.kind() == TarMember.Kind.FILE ? tar.content() : new byte[0];
                String name = member.name().replaceAll("/+$", "");
                lines.add(shown(name) + " " + member.kind() + " " + content.length + " "
                        + checksum(ByteBuffer.wrap(content)));
            }
        }
        return String.join("; ", lines);
    }

    /** Text that both languages write alike; what is not ASCII is not compared. */
    private static String shown(String name) {
        return name.replaceAll("[^!-~]+", "?");
    }

    private static String checksum(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        // Of the NaNs, one.
        for (float value : values) bytes.putInt(Float.floatToIntBits(value));
        return checksum(bytes.flip());
    }

    private static String checksum(long[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) bytes.putLong(value);
        return checksum(bytes.flip());
    }

    private static String checksum(boolean[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length);
        for (boolean value : values) bytes.put((byte) (value ? 1 : 0));
        return checksum(bytes.flip());
    }

    private static String checksum(ByteBuffer bytes) {
        CRC32 sum = new CRC32();
        sum.update(bytes);
        return Long.toHexString(sum.getValue());
    }
}
