package org.gradmimic.base;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GradmimicExceptionTest {
    @Test
    void textFromAFileStaysOnTheLineOfTheMessage() {
        assertThat(InputException.in("a.npy", "has dtype f4\n\u001b[31m\u0085\u2028oops"))
                .hasMessage("a.npy: has dtype f4??[31m??oops");
    }

    @Test
    void longMessagesAreCut() {
        assertThat(new InvalidArgumentException("x".repeat(5000) + "; expected y").getMessage())
                .isEqualTo("x".repeat(3000) + "..." + "x".repeat(1000 - "; expected y".length()) + "; expected y");
    }
}
