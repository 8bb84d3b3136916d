package org.gradmimic.select.internal;

/**
 * Accelerates a fixed-point iteration such as EM, which is slow where clusters overlap. Two steps give the direction
 * and the rate of convergence. The next step starts from the extrapolated point, if that is an improvement.
 *
 * @see <a href="https://doi.org/10.1111/j.1467-9469.2007.00585.x">Varadhan and Roland, Simple and Globally Convergent
 *     Methods for Accelerating the Convergence of Any EM Algorithm (2008), scheme S3</a>
 */
public final class Squarem {

    /** One step of the iteration. Parameters may have any finite value and should have about equal scale. */
    public interface Step {
        /**
         * Writes the parameters after {@code from} into {@code to}.
         *
         * @return the objective at {@code from}; higher is better
         */
        double apply(double[] from, double[] to);
    }

    private Squarem() {}

    /**
     * Iterates until a step moves no parameter by more than {@code tolerance}.
     *
     * @param parameters where to start; receives the result
     * @param cycles the largest number of cycles, each of three steps
     * @return whether the iteration converged
     */
    public static boolean run(Step step, double[] parameters, double tolerance, int cycles) {
        int n = parameters.length;
        double[] first = new double[n];
        double[] second = new double[n];
        double[] leap = new double[n];
        double[] after = new double[n];
        for (int cycle = 0; cycle < cycles; cycle++) {
            step.apply(parameters, first);
            double reached = step.apply(first, second);
            double moved = 0;
            double r2 = 0;
            double v2 = 0;
            for (int i = 0; i < n; i++) {
                double r = first[i] - parameters[i];
                double v = second[i] - first[i] - r;
                moved = Math.max(moved, Math.abs(second[i] - first[i]));
                r2 += r * r;
                v2 += v * v;
            }
            if (!(moved > tolerance)) {
                System.arraycopy(second, 0, parameters, 0, n);
                return moved <= tolerance;
            }
            double length = v2 == 0 ? 1 : Math.max(1, Math.sqrt(r2 / v2));
            for (int i = 0; i < n; i++) {
                double r = first[i] - parameters[i];
                double v = second[i] - first[i] - r;
                leap[i] = parameters[i] + 2 * length * r + length * length * v;
            }
            boolean better = step.apply(leap, after) >= reached;
            System.arraycopy(better ? after : second, 0, parameters, 0, n);
        }
        return false;
    }
}
