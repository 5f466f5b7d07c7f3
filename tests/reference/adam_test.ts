import { assertClose } from "../support/compare.ts";
import { ADAM_DEFAULTS, adamStep } from "./adam.ts";

Deno.test("adamStep: the first step moves each parameter by the learning rate against the sign of its gradient", () => {
  const state = {
    parameters: new Float64Array([1, 1, 1]),
    firstMoment: new Float64Array(3),
    secondMoment: new Float64Array(3),
  };
  adamStep(state, [4, -1e-8, 0], 1);
  // By half of it if the gradient equals epsilon.
  assertClose(state.parameters, [1 - 1e-4, 1 + 0.5e-4, 1], { absolute: 1e-12, label: "parameters" });
  assertClose(state.firstMoment, [0.4, -1e-9, 0], { relative: 1e-12, label: "firstMoment" });
  assertClose(state.secondMoment, [0.016, 1e-19, 0], { relative: 1e-12, label: "secondMoment" });
});

Deno.test("adamStep: equals PyTorch over five steps", () => {
  // torch.optim.Adam([p], lr=0.01) in float64, p = [0.5, -0.25], gradients 2 p + [k, -k] before step k.
  const state = {
    parameters: new Float64Array([0.5, -0.25]),
    firstMoment: new Float64Array(2),
    secondMoment: new Float64Array(2),
  };
  for (let step = 1; step <= 5; step++) {
    const gradient = state.parameters.map((value, index) => 2 * value + (index === 0 ? step : -step));
    adamStep(state, gradient, step, { ...ADAM_DEFAULTS, learningRate: 0.01 });
  }
  assertClose(state.parameters, [0.4503986568914059, -0.20077308064850968], {
    absolute: 1e-15,
    label: "parameters",
  });
});
