package org.gradmimic.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * Rows under a heading, in columns as wide as their widest cell. Numbers are aligned to the right, everything else to
 * the left.
 */
public final class Table {
    private static final String GAP = "  ";

    private record Cell(String text, boolean right) {}

    private final List<List<Cell>> rows = new ArrayList<>();
    private final int columns;

    /** A table with these headings. */
    public Table(String... headings) {
        columns = headings.length;
        add((Object[]) headings);
    }

    /**
     * Adds a row with one cell per column. Floating-point numbers are formatted with four significant digits, and null
     * as an empty cell.
     *
     * @throws InvalidArgumentException if there are more or fewer cells than columns
     */
    public Table add(@Nullable Object... cells) {
        if (cells.length != columns) {
            throw new InvalidArgumentException(cells.length + " cells in a table of " + columns + " columns");
        }
        List<Cell> row = new ArrayList<>();
        for (Object cell : cells) row.add(new Cell(format(cell), cell instanceof Number));
        rows.add(row);
        return this;
    }

    private static String format(@Nullable Object cell) {
        if (cell == null) return "";
        if (cell instanceof Double || cell instanceof Float) {
            return String.format(Locale.ROOT, "%.4g", ((Number) cell).doubleValue());
        }
        return cell.toString();
    }

    /** Prints the heading and the rows, without trailing spaces. */
    public void print(PrintWriter out) {
        int[] widths = new int[columns];
        boolean[] right = new boolean[columns];
        for (List<Cell> row : rows) {
            for (int c = 0; c < columns; c++) {
                widths[c] = Math.max(widths[c], row.get(c).text.length());
                right[c] |= row.get(c).right;
            }
        }
        for (List<Cell> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int c = 0; c < columns; c++) {
                Cell cell = row.get(c);
                // A heading is aligned like its column.
                boolean pad = cell.right || (row == rows.get(0) && right[c]);
                String space = " ".repeat(widths[c] - cell.text.length());
                line.append(c == 0 ? "" : GAP).append(pad ? space + cell.text : cell.text + space);
            }
            out.println(line.toString().stripTrailing());
        }
    }
}
