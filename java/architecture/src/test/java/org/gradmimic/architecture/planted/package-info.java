/** Violations of {@link org.gradmimic.architecture.Rules}, one each; {@code PlantedViolationsTest} sees that they are found. */
package org.gradmimic.architecture.planted;
