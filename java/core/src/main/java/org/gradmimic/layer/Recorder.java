package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.OpenResources;
import org.jspecify.annotations.Nullable;

/** The parameters of a model, and the record of the current forward pass. */
final class Recorder implements AutoCloseable {
    private final Map<String, ModelParameter> byName = new LinkedHashMap<>();
    private final Map<Long, ModelParameter> byTensor = new HashMap<>();
    private final Set<ModelParameter> parameters = new LinkedHashSet<>();
    private final int references;

    /** Record every trained parameter behind the last boundary in front of the first mimic layer. */
    private boolean everyTrained;

    private ForwardPass forward = new ForwardPass();

    /**
     * @param model all parameters
     * @param chosen names and patterns of the mimic layer's
     * @param references models that have those, one or several
     * @param scale c in V = c·θ_ref − θ
     * @throws InvalidArgumentException for names nobody has, and references that miss a parameter or have another shape of
     *     it, all listed at once
     */
    Recorder(Device device, Parameters model, Collection<String> chosen, List<Parameters> references, double scale) {
        for (String name : model.names()) Tensors.requireThere("parameter " + name, model.tensor(name));
        List<String> mimic = chosen(device, model, chosen, references);
        this.references = references.size();
        for (String name : model.names()) {
            Tensor tensor = model.tensor(name);
            device.require("parameter " + name, tensor);
            long identity = tensor.unsafeGetTensorImpl().address();
            ModelParameter parameter = byTensor.get(identity);
            if (parameter == null) {
                boolean wanted = mimic.stream()
                        .anyMatch(m -> model.tensor(m).unsafeGetTensorImpl().address() == identity);
                try (PointerScope scope = new PointerScope()) {
                    List<Tensor> theirs = wanted
                            ? references.stream()
                                    .map(reference -> reference.tensor(referenceName(model, mimic, identity)))
                                    .map(theirTensor -> scaled(theirTensor, scale))
                                    .toList()
                            : List.of();
                    parameter = new ModelParameter(name, tensor, theirs);
                }
                byTensor.put(identity, parameter);
                parameters.add(parameter);
            }
            byName.put(name, parameter);
        }
        OpenResources.opened();
    }

    private static Tensor scaled(Tensor reference, double scale) {
        return scale == 1 ? reference : reference.detach().mul(new Scalar(scale));
    }

    /** The name by which a tied parameter was asked for. */
    private static String referenceName(Parameters model, Collection<String> mimic, long identity) {
        return mimic.stream()
                .filter(name -> model.tensor(name).unsafeGetTensorImpl().address() == identity)
                .findFirst()
                .orElseThrow();
    }

    /** The parameters that the names and patterns choose. */
    private static List<String> chosen(
            Device device, Parameters model, Collection<String> mimic, List<Parameters> references) {
        if (mimic.isEmpty()) throw new InvalidArgumentException("no parameter is named as mimic layer");
        if (references.isEmpty()) throw new InvalidArgumentException("there is no reference model");
        List<String> wrong = new ArrayList<>();
        List<String> names = model.parameterNames().choose(mimic, wrong);
        for (String name : names) {
            Tensor tensor = model.tensor(name);
            if (tensor.numel() == 0) wrong.add(name + " has no elements; its shape is " + Tensors.shape(tensor));
            if (!tensor.is_floating_point()) wrong.add(name + " is not of a floating type");
            for (int k = 0; k < references.size(); k++) {
                Tensor theirs = references.get(k).find(name);
                String whose = references.size() == 1 ? "the reference" : "reference " + k;
                if (theirs == null) wrong.add(whose + " has no parameter " + name);
                else if (!tensor.is_same_size(theirs)) {
                    wrong.add(whose + "'s " + name + " has the shape " + Tensors.shape(theirs) + ", the model's "
                            + Tensors.shape(tensor));
                } else if (!device.has(theirs)) {
                    wrong.add(whose + "'s " + name + " is on " + Device.of(theirs) + ", the model is on " + device);
                }
            }
        }
        if (!wrong.isEmpty()) throw new InvalidArgumentException(String.join("; ", wrong));
        return names;
    }

    int references() {
        return references;
    }

    /** Whether it isn't only mimic layers that are recorded. */
    void everyTrained(boolean every) {
        everyTrained = every;
    }

    /** The parameter of that name, or null. */
    @Nullable
    ModelParameter find(String name) {
        return byName.get(name);
    }

    /** The parameter of that name. */
    ModelParameter get(String name) {
        ModelParameter parameter = byName.get(name);
        if (parameter == null) {
            throw new InvalidArgumentException("there is no parameter " + name + "; the closest matches are "
                    + ParameterNames.nearest(byName.keySet(), name));
        }
        return parameter;
    }

    /** The parameter that this tensor is; null for an undefined tensor. */
    @Nullable
    ModelParameter find(Tensor tensor) {
        if (!tensor.defined()) return null;
        ModelParameter parameter = byTensor.get(tensor.unsafeGetTensorImpl().address());
        if (parameter == null) {
            throw new InvalidArgumentException("a layer's parameter of the shape " + Tensors.shape(tensor)
                    + " is not among the parameters that were given; make them after the module has its weights");
        }
        return parameter;
    }

    /**
     * The parameter that this tensor of a layer is.
     *
     * @throws InvalidArgumentException for an undefined tensor, and one that is not among the parameters
     */
    ModelParameter get(Tensor tensor) {
        ModelParameter parameter = find(tensor);
        if (parameter == null) throw new InvalidArgumentException("a layer has no weight: its tensor is undefined");
        return parameter;
    }

    /** Whether a call of this parameter's layer is recorded. */
    private boolean wanted(ModelParameter parameter) {
        return parameter.mimic() || everyTrained && parameter.trained();
    }

    /**
     * A parameter of a layer call, with its gradient rule and the activations that the rule needs.
     *
     * @param rule made only if the call is recorded
     */
    record LayerParameter(
            ModelParameter parameter,
            Supplier<GradientRule> rule,
            @Nullable Tensor activations) {}

    /**
     * Records a layer call if one of its parameters is wanted; gives its output back.
     *
     * @param parameters null where the layer has none
     */
    Tensor record(String layer, Tensor output, @Nullable LayerParameter... parameters) {
        boolean any = false;
        for (LayerParameter parameter : parameters) {
            if (parameter == null) continue;
            forward.call(parameter.parameter());
            any |= wanted(parameter.parameter());
        }
        if (!any) return output;
        if (!output.requires_grad()) output.set_requires_grad(true);
        LayerRecord record = new LayerRecord(layer, output);
        for (LayerParameter parameter : parameters) {
            if (parameter != null && wanted(parameter.parameter()))
                record.add(parameter.parameter(), parameter.rule().get(), parameter.activations());
        }
        forward.add(record);
        return output;
    }

    /** x is all that later layers see of earlier ones. */
    void boundary(Tensor x) {
        if (everyTrained) forward.boundary(x);
    }

    Collection<ModelParameter> parameters() {
        return parameters;
    }

    List<ModelParameter> mimic() {
        return parameters.stream().filter(ModelParameter::mimic).toList();
    }

    /**
     * The forward pass that has ended; the caller closes it. What comes now is another one.
     *
     * @param rows samples that have a loss
     * @throws InvalidStateException for a mimic layer that was not recorded, and for one whose activations or output were changed since
     */
    ForwardPass take(long rows) {
        ForwardPass taken = forward;
        forward = new ForwardPass();
        try {
            for (ModelParameter parameter : mimic()) {
                if (taken.uses(parameter).isEmpty()) throw unseen(parameter);
            }
            for (LayerRecord record : taken.records()) record.check(rows);
            return taken;
        } catch (RuntimeException e) {
            taken.close();
            throw e;
        }
    }

    private static InvalidStateException unseen(ModelParameter parameter) {
        return new InvalidStateException("parameter " + parameter.name()
                + " was not recorded in this forward pass: call its layer through RecordingLayers (linear, matmul, inProjection, conv2d, layerNorm,"
                + " batchNorm, embedding, add, scale, prependToken; scalar for contrastive scores), or leave it out; for"
                + " another kind of layer a gradient rule can be added, see docs/layers.md");
    }

    /** Before another forward pass. */
    void forget() {
        forward.close();
        forward = new ForwardPass();
    }

    @Override
    public void close() {
        forward.close();
        parameters.forEach(ModelParameter::close);
        OpenResources.closed();
    }
}
