import assert from "node:assert/strict";
import { type Command, InvalidArgumentError } from "commander";
import { addExamples, createCommand, GROUPS, integer, number } from "../../src/cli/task.ts";
import { command as evaluate } from "../../tasks/evaluate.ts";
import { command as predict } from "../../tasks/predict.ts";
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

Deno.test("command --help: long tasks say how to run them, group their options, and have examples", () => {
  const tasks = [
    { make: train, groups: ["data", "network", "training", "device", "output"] },
    { make: evaluate, groups: ["data", "model", "device", "output"] },
    { make: predict, groups: ["data", "model", "device", "output"] },
  ] as const;
  for (const { make, groups } of tasks) {
    const command = make();
    const help = helpOf(command);
    assert.ok(help.startsWith(`Usage: deno task ${command.name()} [options]`), help.slice(0, 80));
    const places = groups.map((name) => help.indexOf(`\n${GROUPS[name]}\n`));
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? 0)),
      `${command.name()}: ${places}`,
    );
    // Only --verbose and --help have no group.
    assert.match(help, /\nOptions:\n {2}--verbose .*\n {2}-h, --help .*\n\n/);
    const examples = help.match(new RegExp(`^ {4}deno task ${command.name()} `, "gm"));
    assert.ok(examples !== null && examples.length >= 2, command.name());
  }
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
