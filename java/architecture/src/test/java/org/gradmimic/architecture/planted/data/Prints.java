package org.gradmimic.architecture.planted.data;

/** A library that talks. */
final class Prints {
    void print() {
        System.out.println("read");
    }
}
