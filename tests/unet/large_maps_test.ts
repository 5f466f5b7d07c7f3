/** Plans of maps so large that their tiles would not fit one dimension of a dispatch. */
import assert from "node:assert/strict";
import { MAX_WORKGROUPS } from "../../kernels/grid.ts";
import { defaultChoices } from "../../kernels/variants.ts";
import { completeConfig } from "../../src/unet/config.ts";
import { recordPlan } from "../../src/unet/network_plan.ts";

Deno.test("recordPlan: wide networks on large images are planned for hardware as for software", () => {
  for (const kind of ["software", "hardware"] as const) {
    for (const [filters, size] of [[64, 2048], [96, 1792]] as const) {
      const target = {
        maxBinding: 2 ** 31 - 4096,
        workspace: 2 ** 27,
        workgroups: 1024,
        choices: defaultChoices(kind),
        strict: false,
      };
      const spec = { kind: "predict", batch: 1, height: size, width: size } as const;
      const { steps } = recordPlan(completeConfig({ filters }), target, spec);
      const most = Math.max(...steps.flatMap(({ dispatch }) => dispatch.workgroups));
      assert.ok(most > 1000 && most <= MAX_WORKGROUPS);
    }
  }
});
