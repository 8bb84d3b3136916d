/**
 * Training of whole models on labelled images, plainly or with Grad-Mimic: {@link org.gradmimic.trainer.Trainer}, its {@linkplain
 * org.gradmimic.trainer.TrainSettings settings} and the {@linkplain org.gradmimic.trainer.TrainFolder folder} of a run, from which
 * an interrupted run continues.
 */
@NullMarked
package org.gradmimic.trainer;

import org.jspecify.annotations.NullMarked;
