import assert from "node:assert/strict";
import { type Command, InvalidArgumentError } from "commander";
import { addExamples, createCommand, GROUPS, integer, number } from "../../src/cli/task.ts";
import { command as train } from "../../tasks/train.ts";

/** The help of a command. */
function helpOf(command: Command): string {
  let help = "";
  command.configureOutput({ writeOut: (text) => help += text });
  command.outputHelp();
  return help;
}

Deno.test("createCommand: lists options by group, those without a group last, and examples as they are typed", () => {
  const make = () =>
    addExamples(
      createCommand("paint", "Paints.")
        .optionsGroup(GROUPS.data).option("--image <file>", "what to paint on")
        .optionsGroup(GROUPS.output).option("--json", "print JSON"),
      [["Paint a file", "--image a.png"]],
    );
  assert.equal(
    helpOf(make()),
    [
      "Usage: deno task paint [options]\n\nPaints.\n",
      "Data:\n  --image <file>  what to paint on\n",
      "Output:\n  --json          print JSON\n",
      "Options:\n  --verbose       print stack traces of errors\n  -h, --help      display help for command\n",
      "Examples:\n  Paint a file:\n    deno task paint --image a.png\n",
    ].join("\n"),
  );
  const parent = createCommand("unet", "All of it.").addCommand(make());
  const help = helpOf(parent.commands[0]!);
  assert.match(help, /^Usage: unet paint \[options\]/);
  assert.match(help, /unet paint --image a\.png\n$/);
});

Deno.test("train --help: says how to run it, groups its options, and has two examples", () => {
  const help = helpOf(train());
  assert.match(help, /^Usage: deno task train \[options\]/);
  const places = Object.values(GROUPS).map((heading) => help.indexOf(`\n${heading}\n`));
  assert.ok(places.every((place, index) => place > (places[index - 1] ?? 0)), `${places}`);
  assert.equal(help.match(/^ {4}deno task train --/gm)?.length, 2);
});

Deno.test("integer and number: reject what is out of range or not a number", () => {
  assert.equal(integer(1)("12"), 12);
  assert.equal(number(0, 1)("0.5"), 0.5);
  for (const text of ["0", "1.5", "", "x"]) {
    assert.throws(() => integer(1)(text), InvalidArgumentError, text);
  }
  for (const text of ["-0.1", "1.1", "", "x", "Infinity"]) {
    assert.throws(() => number(0, 1)(text), InvalidArgumentError, text);
  }
  assert.throws(() => integer(1)("0"), /expected an integer >= 1\.$/);
  assert.throws(() => integer(1, 3)("4"), /expected an integer from 1 to 3\.$/);
  assert.throws(() => number(0)("-1"), /expected a number >= 0\.$/);
});
