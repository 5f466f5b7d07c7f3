/** Invalid annotations rank first. */
import assert from "node:assert/strict";
import { type AuditFinding, auditImage, type Mask, type ProbabilityMap, rankFindings } from "../../mod.ts";
import { discMask, drawMask } from "../support/masks.ts";
import { Random } from "../support/random.ts";

const SIDE = 64;

/** A good model's output for a disc: certain inside and outside, undecided at a slightly misplaced rim. */
function predictDisc(x: number, y: number, radius: number, random: Random): ProbabilityMap {
  const off = random.next() * 2 - 1;
  const data = Float32Array.from({ length: SIDE * SIDE }, (_, at) => {
    const depth = radius + off - Math.hypot(at % SIDE - x, Math.floor(at / SIDE) - y);
    return 0.01 + 0.98 / (1 + Math.exp(-3 * depth));
  });
  return { width: SIDE, height: SIDE, data };
}

const NOTHING: Mask = { width: SIDE, height: SIDE, data: new Uint8Array(SIDE * SIDE) };

Deno.test("auditImage: tells missing, wrong and differing annotations apart, and where they are", () => {
  const random = new Random(1);
  const predicted = predictDisc(20, 30, 6, random);
  const kinds: [Mask, AuditFinding["kind"], string][] = [
    [NOTHING, "missing", "probably a missing annotation"],
    [discMask(SIDE, SIDE, 30, 30, 6), "differs", "outlines differ"],
  ];
  for (const [annotation, kind, reason] of kinds) {
    const finding = auditImage("a.jpg", predicted, annotation)!;
    assert.deepEqual([finding.name, finding.kind, finding.reason], ["a.jpg", kind, reason]);
    const { x, y, width, height } = finding.box;
    assert.ok(x <= 20 && x + width > 20 && y <= 30 && y + height > 30, JSON.stringify(finding.box));
  }
  const wrong = auditImage(
    "b.jpg",
    { ...predicted, data: predicted.data.map(() => 0.02) },
    discMask(SIDE, SIDE, 50, 9, 4),
  )!;
  assert.deepEqual([wrong.kind, wrong.reason], ["wrong", "annotated, but the model finds nothing"]);
  assert.deepEqual(wrong.box, { x: 46, y: 5, width: 9, height: 9 });
});

Deno.test("auditImage: scores computed by hand", () => {
  const map = (...values: number[]): ProbabilityMap => ({
    width: 5,
    height: 1,
    data: Float32Array.from(values),
  });
  const missing = auditImage("", map(0.75, 1, 0, 0, 0), drawMask("....."))!;
  // Certainties 0.5 and 1 over two pixels of five.
  assert.deepEqual([missing.score, missing.certainty, missing.pixels], [1.5 * 0.75 / 5, 0.75, 2]);
  const differs = auditImage("", map(0, 1, 1, 1, 0), drawMask("..###"))!;
  // Both ends of four pixels are contradicted, with certainty 1.
  assert.deepEqual([differs.score, differs.pixels, differs.kind], [2 * 0.5 / 5, 2, "differs"]);
  const strict = auditImage("", map(0.9, 0, 0, 0, 0), drawMask("....."), { threshold: 0.8 })!;
  assert.ok(Math.abs(strict.certainty - 0.5) < 1e-6);
  const low = auditImage("", map(0, 0, 0, 0, 0.1), drawMask("....#"), { threshold: 0.4 })!;
  assert.ok(Math.abs(low.certainty - 0.75) < 1e-6);
});

Deno.test("auditImage: agreement and indecision give no finding", () => {
  const half: ProbabilityMap = { width: 2, height: 1, data: Float32Array.of(0.5, 0.5) };
  assert.equal(auditImage("", half, drawMask("#.")), null);
  assert.equal(auditImage("", { ...half, data: Float32Array.of(0.9, 0.2) }, drawMask("#.")), null);
});

Deno.test("auditImage: a small lesion without annotation outweighs the rim of a large one", () => {
  const large: ProbabilityMap = {
    ...NOTHING,
    data: Float32Array.from(discMask(SIDE, SIDE, 32, 32, 24).data, (v) => 0.01 + 0.97 * v),
  };
  const rim = auditImage("rim", large, discMask(SIDE, SIDE, 32, 32, 22.5))!;
  const small: ProbabilityMap = {
    ...NOTHING,
    data: Float32Array.from(discMask(SIDE, SIDE, 12, 12, 4).data, (v) => 0.01 + 0.97 * v),
  };
  const missing = auditImage("missing", small, NOTHING)!;
  assert.ok(rim.pixels > 3 * missing.pixels, "the rim has more pixels");
  assert.ok(missing.score > rim.score, `${missing.score} > ${rim.score}`);
});

Deno.test("rankFindings: all spoiled annotations of a hundred images rank first", () => {
  const random = new Random(7);
  const spoiled = new Set<string>();
  const findings = Array.from({ length: 100 }, (_, index) => {
    const [x, y, radius] = [16 + random.integer(32), 16 + random.integer(32), 4 + random.integer(10)];
    const predicted = predictDisc(x, y, radius, random);
    const good = discMask(SIDE, SIDE, x, y, radius);
    const name = `${index}.jpg`;
    if (index % 10 !== 0) return auditImage(name, predicted, good);
    spoiled.add(name);
    const moved = discMask(SIDE, SIDE, (x + SIDE / 2) % SIDE, y, radius);
    return auditImage(name, predicted, index % 20 === 0 ? NOTHING : moved);
  });
  const ranked = rankFindings(findings);
  assert.deepEqual(new Set(ranked.slice(0, 10).map(({ name }) => name)), spoiled);
  assert.ok(ranked.every(({ score }, i) => score > 0 && score <= (ranked[i - 1]?.score ?? 1)));
});

Deno.test("rankFindings: equal scores by name, agreements left out", () => {
  const finding = auditImage("b", { width: 1, height: 1, data: Float32Array.of(1) }, drawMask("."))!;
  const ranked = rankFindings([finding, null, { ...finding, name: "a" }]);
  assert.deepEqual(ranked.map(({ name }) => name), ["a", "b"]);
});

Deno.test("auditImage: refuses other sizes, logits, and thresholds of 0 and 1", () => {
  const map: ProbabilityMap = { width: 2, height: 1, data: Float32Array.of(0, 1) };
  assert.throws(() => auditImage("", map, drawMask("...")), TypeError);
  assert.throws(
    () => auditImage("", { ...map, data: Float32Array.of(0, 1.5) }, drawMask("..")),
    RangeError,
  );
  for (const threshold of [0, 1, NaN]) {
    assert.throws(() => auditImage("", map, drawMask(".."), { threshold }), RangeError);
  }
});
