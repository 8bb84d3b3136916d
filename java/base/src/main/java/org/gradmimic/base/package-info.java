/** What every module stands on: the failures that gradmimic throws and its random generator. */
@NullMarked
package org.gradmimic.base;

import org.jspecify.annotations.NullMarked;
