/** WebDataset shards (tars of samples), read, and rewritten to the samples that a filter keeps. */
@NullMarked
package org.gradmimic.reshard;

import org.jspecify.annotations.NullMarked;
