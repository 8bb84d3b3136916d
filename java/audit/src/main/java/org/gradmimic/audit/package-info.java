/**
 * Finds the wrong labels of a set of images in one call. {@link org.gradmimic.audit.Audit} embeds the images, takes a
 * reference head from trusted samples or makes one from the labels themselves, trains a probe with Grad-Mimic, and
 * lists the samples whose labels it believes wrong.
 */
@NullMarked
package org.gradmimic.audit;

import org.jspecify.annotations.NullMarked;
