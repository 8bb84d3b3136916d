/**
 * The whole idea in one run: a backbone, labels corrupted on purpose, a clean reference head, the same head trained plainly
 * and with Grad-Mimic, and the filter that its scores make.
 */
@NullMarked
package org.gradmimic.demo;

import org.jspecify.annotations.NullMarked;
