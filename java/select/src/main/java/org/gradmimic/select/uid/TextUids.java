package org.gradmimic.select.uid;

import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.gradmimic.io.TextLines;

/** Uids in a text file, one per line. */
final class TextUids implements Uids {
    private final Path path;
    private final long size;

    TextUids(Path path) {
        this.path = path;
        this.size = TextLines.forEach(path, (line, text) -> {});
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void forEach(UidConsumer action) {
        long[] next = {0};
        TextLines.forEach(path, (line, text) -> {
            if (!Uid.isUid(text)) {
                throw InputException.in(
                        path,
                        "line " + line + " is '" + TextLines.shown(text)
                                + "', expected a uid of 32 hexadecimal digits");
            }
            action.accept(next[0]++, Uid.high(text), Uid.low(text));
        });
    }
}
