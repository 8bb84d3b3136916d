package org.gradmimic.select.score;

/** The score log's columns of values: what is recorded about a sample at a step. */
public enum ScoreColumn {
    /** The raw mimic score {@code proj}, whatever the weights were computed from; NaN if it was not finite. */
    SCORE("score"),
    /** The weight that multiplied the sample's gradient. */
    WEIGHT("weight"),
    /** The weight × the batch's own size. 1 is a sample's share in plain training, in a short last batch too. */
    RELATIVE_WEIGHT("relative_weight"),
    /** The sample's loss before the step. */
    LOSS("loss");

    private final String columnName;

    ScoreColumn(String columnName) {
        this.columnName = columnName;
    }

    /** {@return the name in the Parquet file} */
    public String columnName() {
        return columnName;
    }
}
