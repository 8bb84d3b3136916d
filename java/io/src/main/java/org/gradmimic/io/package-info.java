/** Files that are whole or absent, Parquet by DuckDB, strict JSON, and work in blocks. */
@NullMarked
package org.gradmimic.io;

import org.jspecify.annotations.NullMarked;
