package org.gradmimic.spark;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.gradmimic.base.InputException;
import org.gradmimic.select.score.ScoreColumn;

/** The Parquet columns of a score log; see docs/formats.md. */
final class LogSchema {

    static final String SAMPLE_ID = "sample_id";
    static final String EPOCH = "epoch";
    static final String STEP = "step";

    private static final Map<String, PrimitiveTypeName> COLUMNS = new LinkedHashMap<>();

    static {
        COLUMNS.put(SAMPLE_ID, PrimitiveTypeName.INT64);
        COLUMNS.put(EPOCH, PrimitiveTypeName.INT32);
        COLUMNS.put(STEP, PrimitiveTypeName.INT64);
        for (ScoreColumn column : ScoreColumn.values()) {
            COLUMNS.put(column.columnName(), PrimitiveTypeName.FLOAT);
        }
    }

    private LogSchema() {}

    /** @throws InputException if a column is missing or of another type; names the file and the column */
    static void check(String path, MessageType found) {
        COLUMNS.forEach((name, type) -> {
            if (!found.containsField(name)) {
                throw InputException.in(
                        path,
                        "no column " + name + " (" + type + "), found "
                                + Arrays.toString(found.getFields().stream()
                                        .map(Type::getName)
                                        .toArray())
                                + "; is this a score log?");
            }
            Type actual = found.getType(name);
            if (!isPlain(actual, type)) {
                String shown = actual.toString().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT);
                throw InputException.in(path, "column " + name + " is '" + shown + "', expected a plain " + type);
            }
        });
    }

    /**
     * Whether a column has one value or NULL per row, and no other type with the same representation, such as unsigned,
     * date or decimal.
     */
    private static boolean isPlain(Type actual, PrimitiveTypeName type) {
        if (!actual.isPrimitive() || actual.isRepetition(Type.Repetition.REPEATED)) {
            return false;
        }
        PrimitiveType primitive = actual.asPrimitiveType();
        LogicalTypeAnnotation meaning = primitive.getLogicalTypeAnnotation();
        boolean signed = meaning == null
                || meaning instanceof LogicalTypeAnnotation.IntLogicalTypeAnnotation integer
                        && integer.isSigned()
                        && integer.getBitWidth() == (type == PrimitiveTypeName.INT64 ? Long.SIZE : Integer.SIZE);
        return primitive.getPrimitiveTypeName() == type && signed;
    }
}
