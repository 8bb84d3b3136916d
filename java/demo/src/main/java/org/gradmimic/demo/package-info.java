/**
 * The whole method in one run: a backbone, deliberately corrupted labels, a reference head trained on clean labels, the
 * same head trained plainly and with Grad-Mimic, and the filter made from its scores.
 */
@NullMarked
package org.gradmimic.demo;

import org.jspecify.annotations.NullMarked;
