package org.gradmimic.cli;

import org.gradmimic.audit.AuditSettings;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Model.CommandSpec;

/** Gives {@code audit} an option for every setting of an audit. */
final class AuditOptions implements IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec command) {
        SettingOptions.add(command, AuditSettings.GROUP);
        return command;
    }
}
