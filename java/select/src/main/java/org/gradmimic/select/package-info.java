/**
 * Makes filters from scores. {@link org.gradmimic.select.Selector} turns the scores of several epochs into votes and
 * the votes into one filter. Its parts have packages of their own:
 *
 * <ul>
 *   <li>{@code score}: the score log and other sources of scores
 *   <li>{@code vote}: the rules that split an epoch, and the statistics they need
 *   <li>{@code labelmodel}: the label model, which combines the votes of unequally reliable epochs
 *   <li>{@code filter}: filters, their files, expressions and comparison
 *   <li>{@code uid}: lists of uids
 *   <li>{@code datacomp}: DataComp's metadata and baseline filters
 * </ul>
 *
 * <p>Nothing here needs LibTorch or the native library. A log can be read and a filter made on a machine that could not
 * train the model.
 */
@NullMarked
package org.gradmimic.select;

import org.jspecify.annotations.NullMarked;
