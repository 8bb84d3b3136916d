/**
 * From scores to a filter. {@link org.gradmimic.select.Selector} turns the scores of several epochs into votes and the votes
 * into one filter. The parts it is made of have packages of their own:
 *
 * <ul>
 *   <li>{@code score}: the score log and other sources of scores
 *   <li>{@code vote}: the rules that split an epoch, and the statistics they need
 *   <li>{@code labelmodel}: the label model that combines the votes of unequally reliable epochs
 *   <li>{@code filter}: filters, their files, expressions and comparison
 *   <li>{@code uid}: lists of uids
 *   <li>{@code datacomp}: DataComp's metadata and baseline filters
 *   <li>{@code reshard}: WebDataset shards, rewritten to what a filter keeps
 * </ul>
 *
 * <p>Nothing here needs LibTorch or the native core, so a log can be read and a filter made on a machine that could not
 * train the model.
 */
@NullMarked
package org.gradmimic.select;

import org.jspecify.annotations.NullMarked;
