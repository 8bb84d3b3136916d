package org.gradmimic.select.filter;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.gradmimic.base.InputException;
import org.gradmimic.io.CsvWriter;
import org.gradmimic.io.ParquetColumns;
import org.gradmimic.io.sample.SampleName;
import org.gradmimic.io.sample.SampleNames;
import org.jspecify.annotations.Nullable;

/** Writes filters with the names of their samples. */
final class NamedFilterWriter {
    private static final String PATH = "path";
    private static final String LABEL = "label";
    private static final String CLASS = "class";
    private static final String SPLIT = "split";
    private static final int BLOCK = 1 << 16;

    private NamedFilterWriter() {}

    static void csv(Path file, Filter filter, SampleNames names) {
        try (CsvWriter csv =
                new CsvWriter(file, FilterReader.SAMPLE_ID, FilterReader.KEEP, PATH, LABEL, CLASS, SPLIT)) {
            names.forEach(name -> csv.row(
                    name.id(), filter.keeps(name.id()), name.path(), label(name), name.className(), name.split()));
            csv.commit();
        }
    }

    static void parquet(Path file, Filter filter, SampleNames names) {
        write(file, names.read(), filter);
    }

    static void discardedCsv(Path file, Filter filter, SampleNames names) {
        try (CsvWriter csv = new CsvWriter(file, FilterReader.SAMPLE_ID, PATH, LABEL, CLASS, SPLIT)) {
            names.forEach(name -> {
                if (filter.keeps(name.id())) return;
                csv.row(name.id(), name.path(), label(name), name.className(), name.split());
            });
            csv.commit();
        }
    }

    static void discardedText(Path file, Filter filter, SampleNames names) {
        FilterWriter.lines(
                file,
                line -> names.forEach(name -> {
                    if (filter.keeps(name.id())) return;
                    if (name.path().indexOf('\n') >= 0) {
                        throw InputException.in(
                                names.file(),
                                "the path of sample " + name.id() + " has a line break; write a .csv or .parquet");
                    }
                    line.accept(name.path());
                }));
    }

    static void discardedParquet(Path file, Filter filter, SampleNames names) {
        List<SampleName> discarded = new ArrayList<>();
        names.forEach(name -> {
            if (!filter.keeps(name.id())) discarded.add(name);
        });
        write(file, discarded, null);
    }

    /** @param keep null: without the column */
    private static void write(Path file, List<SampleName> names, @Nullable Filter keep) {
        List<ParquetColumns> first = new ArrayList<>();
        if (names.isEmpty()) first.add(columns(names, keep));
        Iterator<ParquetColumns> blocks = new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return !first.isEmpty() || next < names.size();
            }

            @Override
            public ParquetColumns next() {
                if (!first.isEmpty()) return first.remove(0);
                int to = Math.min(names.size(), next + BLOCK);
                List<SampleName> block = names.subList(next, to);
                next = to;
                return columns(block, keep);
            }
        };
        ParquetColumns.write(file, blocks);
    }

    private static ParquetColumns columns(List<SampleName> names, @Nullable Filter keep) {
        ParquetColumns columns = new ParquetColumns()
                .longs(
                        FilterReader.SAMPLE_ID,
                        names.stream().mapToLong(SampleName::id).toArray());
        if (keep != null) {
            boolean[] kept = new boolean[names.size()];
            for (int i = 0; i < kept.length; i++)
                kept[i] = keep.keeps(names.get(i).id());
            columns.booleans(FilterReader.KEEP, kept);
        }
        return columns.texts(PATH, names.stream().map(SampleName::path).toArray(String[]::new))
                .intsOrNull(LABEL, names.stream().mapToInt(SampleName::label).toArray())
                .texts(CLASS, names.stream().map(SampleName::className).toArray(String[]::new))
                .texts(SPLIT, names.stream().map(SampleName::split).toArray(String[]::new));
    }

    private static @Nullable Object label(SampleName name) {
        return name.label() == SampleName.NO_LABEL ? null : (Object) name.label();
    }
}
