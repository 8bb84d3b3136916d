package org.gradmimic.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.base.InvalidArgumentException;
import org.junit.jupiter.api.Test;

class PlainLayersTest {
    @Test
    void parametersAreFoundByName() {
        try (PointerScope scope = new PointerScope()) {
            LinearImpl linear = new LinearImpl(5, 3);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("fc.weight", linear.weight());
            tensors.put("fc.bias", linear.bias());
            tensors.put("token", torch.randn(1, 1, 5));
            try (Parameters parameters = Parameters.of(tensors)) {
                Layers layers = new PlainLayers(parameters, false);
                Tensor x = torch.randn(2, 4, 5);
                assertThat(torch.equal(layers.linear("fc", x), linear.forward(x)))
                        .isTrue();
                Tensor longer = layers.prependToken("token", x);
                assertThat(torch.equal(longer.narrow(1, 1, 4), x)).isTrue();
                assertThat(torch.equal(
                                longer.narrow(1, 0, 1), tensors.get("token").expand(2, 1, 5)))
                        .isTrue();
                assertThatThrownBy(() -> layers.linear("head", x))
                        .isInstanceOf(InvalidArgumentException.class)
                        .hasMessageContaining("head.weight");
            }
        }
    }

    @Test
    void takesAModulesOwnNames() {
        try (PointerScope scope = new PointerScope();
                Parameters parameters = Parameters.of(new LinearImpl(5, 3))) {
            assertThat(parameters.names()).containsExactly("weight", "bias");
        }
    }
}
