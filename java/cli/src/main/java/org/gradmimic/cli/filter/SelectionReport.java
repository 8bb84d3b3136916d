package org.gradmimic.cli.filter;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.gradmimic.cli.CommonOptions;
import org.gradmimic.cli.Table;
import org.gradmimic.select.EpochVotes;
import org.gradmimic.select.Selection;
import org.gradmimic.select.VoteAggregation;
import org.gradmimic.select.filter.Detection;
import org.gradmimic.select.labelmodel.LabelModel;
import org.gradmimic.select.vote.Decision;
import org.gradmimic.select.vote.Mixture;

/** Prints how a filter was made. */
final class SelectionReport {
    private final CommonOptions common;
    private final Selection selection;
    private final VoteAggregation combination;

    SelectionReport(CommonOptions common, Selection selection, VoteAggregation combination) {
        this.common = common;
        this.selection = selection;
        this.combination = combination;
    }

    void print() {
        epochs();
        mixtures();
        if (selection.labelModel() != null) labelModel(selection.labelModel());
    }

    private String name(int epoch) {
        return combination == VoteAggregation.MEAN ? "mean" : Integer.toString(epoch);
    }

    private void epochs() {
        Table table = new Table("epoch", "seen", "mean", "kept", "share", "rule");
        for (int i = 0; i < selection.epochs().size(); i++) {
            EpochVotes epoch = selection.epochs().get(i);
            List<Decision> decisions = epoch.decisions();
            table.add(
                    name(i),
                    epoch.seen(),
                    epoch.seen() == 0 ? null : epoch.mean(),
                    epoch.kept(),
                    epoch.seen() == 0 ? null : (double) epoch.kept() / epoch.seen(),
                    decisions.size() == 1 ? decisions.get(0).cut().toString() : decisions.size() + " classes");
            notes("epoch " + name(i), decisions);
        }
        table.print(common.out());
    }

    /** Prints the notes of one class in full, and the number of similar notes of the others. */
    private void notes(String epoch, List<Decision> decisions) {
        List<String> lines = new ArrayList<>();
        for (int c = 0; c < decisions.size(); c++) {
            List<String> notes = decisions.get(c).notes();
            if (!notes.isEmpty()) {
                lines.add(epoch + (decisions.size() == 1 ? "" : ", class " + c) + ": " + String.join("; ", notes));
            }
        }
        if (!lines.isEmpty()) {
            common.note(
                    lines.get(0) + (lines.size() == 1 ? "" : "; similar notes for " + (lines.size() - 1) + " more"));
        }
    }

    private void mixtures() {
        Table table = new Table("epoch", "component", "weight", "mean", "deviation");
        boolean any = false;
        for (int i = 0; i < selection.epochs().size(); i++) {
            List<Decision> decisions = selection.epochs().get(i).decisions();
            Mixture mixture = decisions.size() == 1 ? decisions.get(0).mixture() : null;
            if (mixture == null) continue;
            any = true;
            add(table, name(i), "high", mixture.high());
            add(table, name(i), "low", mixture.low());
        }
        if (any) {
            common.out().println();
            table.print(common.out());
        }
    }

    private static void add(Table table, String epoch, String name, Mixture.Component component) {
        table.add(epoch, name, component.weight(), component.mean(), Math.sqrt(component.variance()));
    }

    private void labelModel(LabelModel model) {
        Table table = new Table("epoch", "recognises keep", "recognises discard");
        for (int i = 0; i < selection.epochs().size(); i++) {
            table.add(name(i), model.keepAccuracy()[i], model.discardAccuracy()[i]);
        }
        common.out().println();
        table.print(common.out());
        common.out()
                .printf(
                        Locale.ROOT,
                        "label model: %.4f worth keeping, confidence %.4f%n",
                        model.balance(),
                        model.confidence());
        model.notes().forEach(note -> common.note("label model: " + note));
    }

    /** Prints the comparison with the truth: positive is what is discarded as mislabelled. */
    void print(Detection detection) {
        common.out()
                .printf(
                        Locale.ROOT,
                        "mislabelled samples: precision %.4f, recall %.4f, F1 %.4f%n",
                        detection.precision(),
                        detection.recall(),
                        detection.f1());
    }
}
