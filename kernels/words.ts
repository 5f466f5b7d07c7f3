/**
 * Loads and stores of vectors as one or two words of 64 bits: a software adapter checks and moves each component of each
 * invocation by itself, so that half as many take about half as long. Bits are moved, never computed: all results stay the
 * same.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** How a type is bound, and what moves its bits when values are loaded and stored. */
interface Words {
  readonly type: string;
  readonly load: string;
  readonly store: string;
  /** These functions, appended to a kernel. Shifts, since WGSL has no `bitcast` between 64-bit and other types. */
  readonly code: string;
}

const WORDS: ReadonlyMap<string, Words> = new Map([
  ["vec2f", {
    type: "u64",
    load: "pair_of_word",
    store: "word_of_pair",
    code: `
fn pair_of_word(word: u64) -> vec2f {
  return bitcast<vec2f>(vec2u(u32(word), u32(word >> 32u)));
}

fn word_of_pair(value: vec2f) -> u64 {
  let bits = bitcast<vec2u>(value);
  return u64(bits.x) | (u64(bits.y) << 32u);
}
`,
  }],
  ["vec4f", {
    type: "vec2<u64>",
    load: "vector_of_words",
    store: "words_of_vector",
    code: `
fn vector_of_words(words: vec2<u64>) -> vec4f {
  return bitcast<vec4f>(vec4u(u32(words.x), u32(words.x >> 32u), u32(words.y), u32(words.y >> 32u)));
}

fn words_of_vector(value: vec4f) -> vec2<u64> {
  let bits = bitcast<vec4u>(value);
  return vec2<u64>(u64(bits.x) | (u64(bits.y) << 32u), u64(bits.z) | (u64(bits.w) << 32u));
}
`,
  }],
]);

const STORAGE = /(var<storage, \w+> (\w+): array<)(\w+)(>;)/g;

/**
 * WGSL code with all storage bindings of float32 vectors bound as words. Needs the native feature
 * `wgpu-shader-int64`. Code that uses such a binding in another way than `name[index]`, or its name for something else,
 * comes back unchanged, as does code without one.
 */
export function withWords(code: string): string {
  const names = new Map<string, Words>();
  const bound = code.replace(STORAGE, (whole, head: string, name: string, type: string, end: string) => {
    const words = WORDS.get(new RegExp(`alias ${type} = (\\w+);`).exec(code)?.[1] ?? type);
    if (!words) return whole;
    names.set(name, words);
    return `${head}${words.type}${end}`;
  });
  if (names.size === 0) return code;
  const any = [...names.keys()].join("|");
  if (new RegExp(`\\b(let|var|const) (${any})\\b|[(,]\\s*(${any}):|&(${any})\\b`).test(bound)) return code;
  const rewritten = rewrite(bound, new RegExp(`//.*|(?<![\\w.])(${any})\\[`, "g"), names);
  if (rewritten === undefined) return code;
  return rewritten + [...new Set(names.values())].map((words) => words.code).join("");
}

/** Rewrites all uses of bindings in a piece of code; undefined if one cannot be. */
function rewrite(code: string, use: RegExp, names: ReadonlyMap<string, Words>): string | undefined {
  let result = "";
  let at = 0;
  for (;;) {
    use.lastIndex = at;
    const found = use.exec(code);
    if (!found) return result + code.slice(at);
    const begin = found.index;
    if (found[1] === undefined) {
      const end = begin + found[0].length;
      result += code.slice(at, end);
      at = end;
      continue;
    }
    const close = closingBracket(code, begin + found[0].length);
    if (close < 0) return undefined;
    const index = rewrite(code.slice(begin + found[0].length, close), new RegExp(use), names);
    if (index === undefined) return undefined;
    const { load, store: convert } = names.get(found[1])!;
    const element = `${found[1]}[${index}]`;
    const rest = code.slice(close + 1);
    result += code.slice(at, begin);
    const store = /^\s*([-+*/]?)=(?!=) */.exec(rest);
    if (store) {
      const first = close + 1 + store[0].length;
      const end = code.indexOf(";", first);
      const value = rewrite(code.slice(first, end), new RegExp(use), names);
      if (value === undefined) return undefined;
      const sum = store[1] ? `${load}(${element}) ${store[1]} (${value})` : value;
      result += `${element} = ${convert}(${sum})`;
      at = end;
    } else if (/^(\.\w+|\[[^\]]*\])\s*[-+*/]?=(?!=)/.test(rest)) {
      return undefined; // a component is stored
    } else {
      result += `${load}(${element})`;
      at = close + 1;
    }
  }
}

/** Where the bracket closes that was opened before `at`; -1 if nowhere. */
function closingBracket(code: string, at: number): number {
  for (let depth = 1; at < code.length; at++) {
    if (code[at] === "[") depth++;
    else if (code[at] === "]" && --depth === 0) return at;
  }
  return -1;
}
