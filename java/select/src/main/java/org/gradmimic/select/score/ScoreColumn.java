package org.gradmimic.select.score;

/** The score log's columns of values, one for each thing that is known of a sample at a step. */
public enum ScoreColumn {
    /** The raw mimic score {@code proj}, whatever the weights were made from; NaN where it was not finite. */
    SCORE("score"),
    /** The weight that multiplied the sample's gradient. */
    WEIGHT("weight"),
    /** The weight times the batch's own size: 1 is a sample's share in plain training, in a short last batch too. */
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
