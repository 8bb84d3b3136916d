package org.gradmimic.reshard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.gradmimic.base.InputException;
import org.junit.jupiter.api.Test;

class BracesTest {
    @Test
    void rangesAndAlternatives() {
        assertThat(Braces.expand("a.tar")).containsExactly("a.tar");
        assertThat(Braces.expand("{08..11}.tar")).containsExactly("08.tar", "09.tar", "10.tar", "11.tar");
        assertThat(Braces.expand("{8..11}")).containsExactly("8", "9", "10", "11");
        assertThat(Braces.expand("{2..0}")).containsExactly("2", "1", "0");
        assertThat(Braces.expand("{00000000..00001287}")).hasSize(1288).endsWith("00001287");
        assertThat(Braces.expand("x{a,b}/{0..1}")).containsExactly("xa/0", "xa/1", "xb/0", "xb/1");
        assertThat(Braces.expand("{a{1,2},,b}")).containsExactly("a1", "a2", "", "b");
        assertThat(Braces.expand("{a..b}")).containsExactly("a..b");
    }

    @Test
    void whatIsRejected() {
        assertThatThrownBy(() -> Braces.expand("x{0..1"))
                .isInstanceOf(InputException.class)
                .hasMessage("'x{0..1': a { without its }");
        for (String many : new String[] {"{0..99999999}", "{0..9999}{0..9999}"}) {
            assertThatThrownBy(() -> Braces.expand(many))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("more than 10000000 names");
        }
    }
}
