/**
 * Runs: the settings of a run, each declared once, and the folder that a run writes to.
 *
 * <p>A {@link org.gradmimic.io.run.Setting} declares name, type, default, description and valid values of a setting,
 * when it is used, and whether a resumed run may change it. A {@link org.gradmimic.io.run.SettingGroup} is the list of
 * all settings of a command, whose values can only be read through these declarations. Command-line options, the check
 * of a resumed run and {@code metrics.json} are all made from that list, so none of them can omit a setting.
 */
@NullMarked
package org.gradmimic.io.run;

import org.jspecify.annotations.NullMarked;
