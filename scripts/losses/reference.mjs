// What docs/losses.md says of each loss, out of its source: the comment above it, its options with their comments and defaults, and a picture.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { losses } from "#nearmiss/losses/catalogue.js";
import { curves, distances, isRequired, isShown, lossOf } from "./scene.mjs";

const folder = fileURLToPath(new URL("../../src/losses/", import.meta.url));

/** The reference part of the page: one section a loss, sorted by name. */
export function lossesReference() {
  const documented = comments();
  return [...losses]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((factory) => section(factory, documented.get(factory.name)))
    .join("\n");
}

function section(factory, found) {
  if (found?.text === undefined || found.text === "") throw new Error(`${factory.name}: its source says nothing of it`);
  const defaults = lossOf(factory).options;
  const rows = Object.keys(factory.options.shape).map((name) => {
    const value = JSON.stringify(defaults[name]);
    const shown = isRequired(factory, name) ? "required" : value === undefined ? "" : `\`${value}\``;
    return `| \`${name}\` | ${shown} | ${found.options.get(name) ?? usual.get(name) ?? choicesOf(factory, name)} |`;
  });
  return [
    `### ${factory.name}`,
    "",
    found.text,
    "",
    `Takes ${factory.kinds.join(", ")}.${isShown(factory) ? ` ![loss and force of ${factory.name}](losses/${factory.name}.svg)` : ""}`,
    "",
    ...(rows.length === 0 ? [] : ["| option | default | |", "| --- | --- | --- |", ...rows, ""]),
  ].join("\n");
}

/** Options that mean the same wherever they are. */
const usual = new Map([
  ["scale", "factor on the similarity, 1 / temperature"],
  ["temperature", "similarities are divided by it"],
  ["normalize", "divide vectors by their length first"],
  ["margin", "in units of the distance or similarity"],
  ["positiveMargin", "positives nearer than this (or more similar) are left alone"],
  ["negativeMargin", "negatives farther than this (or less similar) are left alone"],
  ["directions", "what is compared with what: queries and documents"],
  ["bins", "bins of the soft histogram"],
  ["symmetric", "the mean of both directions"],
  ["weights", "one for each of `dims`; absent: 1"],
]);

/** What an option may be, where it is one of several words. */
function choicesOf(factory, name) {
  const schema = factory.options.shape[name];
  const options = schema.unwrap?.().options ?? schema.options;
  return Array.isArray(options) ? options.map((option) => `\`${option}\``).join(", ") : "";
}

/** Loss name → the comment above its definition, and those of options in the same file. */
function comments() {
  const found = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts"))) {
    const source = ts.createSourceFile(file, readFileSync(folder + file, "utf8"), ts.ScriptTarget.ESNext, true);
    const options = new Map();
    const visit = (node) => {
      if (ts.isPropertyAssignment(node) && node.jsDoc !== undefined) options.set(node.name.text, prose(node));
      if (ts.isVariableStatement(node)) {
        const name = lossName(node.declarationList.declarations[0]?.initializer);
        if (name !== undefined) found.set(name, { text: prose(node), options });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** The name in `defineLoss({ name: "x", … })`, or in a call that makes such a loss of a name, `similar("x", …)`. */
function lossName(initializer) {
  if (initializer === undefined || !ts.isCallExpression(initializer)) return undefined;
  const [first] = initializer.arguments;
  if (first === undefined) return undefined;
  if (ts.isStringLiteral(first)) return first.text;
  if (!ts.isObjectLiteralExpression(first)) return undefined;
  const name = first.properties.find((property) => property.name?.getText() === "name")?.initializer;
  return name !== undefined && ts.isStringLiteral(name) ? name.text : undefined;
}

function prose(node) {
  const text = ts.getTextOfJSDocComment(node.jsDoc?.at(-1)?.comment) ?? "";
  return text
    .replace(/\s*\n\s*/g, " ")
    .replaceAll("|", "\\|")
    .trim();
}

/** Loss and force against the distance of the negative (left) and of the positive (right), options as they are by default. */
export function lossPicture(factory) {
  const panels = [
    ["negative", 0.6],
    ["positive", 0.9],
  ].map(([moving, fixed], i) => panel(curves(factory, {}, moving, fixed), moving, fixed, i * 330));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 200" width="660" height="200" font-family="system-ui, sans-serif" font-size="11">
<title>${factory.name}: loss and force against distance</title>
<rect width="660" height="200" fill="#fff"/>
${panels.join("\n")}
</svg>
`;
}

function panel({ values, forces }, moving, fixed, left) {
  const all = [...values, ...forces].filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all, 1e-6)];
  const x = (distance) => left + 48 + (distance / 2) * 262;
  const y = (value) => 24 + ((high - value) / (high - low || 1)) * 138;
  const path = (numbers) =>
    numbers.map((value, i) => `${i === 0 ? "M" : "L"}${x(distances[i]).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const label = (at, text, anchor, height) =>
    `<text x="${at.toFixed(1)}" y="${height.toFixed(1)}" text-anchor="${anchor}" fill="#5d6878">${text}</text>`;
  const tick = (value) => label(x(0) - 6, String(Number(value.toPrecision(2))), "end", y(value) + 4);
  return [
    `<path d="M${x(0)} ${y(0).toFixed(1)}H${x(2)}M${x(0)} 24V162" stroke="#c8cfd8" fill="none"/>`,
    `<path d="M${x(fixed).toFixed(1)} 24V162" stroke="#98a2b0" stroke-dasharray="3 3" fill="none"/>`,
    `<path d="${path(values)}" stroke="#2563c9" stroke-width="2" fill="none"/>`,
    `<path d="${path(forces)}" stroke="#d9730d" stroke-width="2" stroke-dasharray="6 4" fill="none"/>`,
    ...[...new Set([low, 0, high])].map(tick),
    ...[0, 1, 2].map((distance) => label(x(distance), String(distance), "middle", 176)),
    label(x(1), `distance of the ${moving}`, "middle", 192),
    label(x(0), moving === "negative" ? "loss, and dashed its force" : "", "start", 14),
  ].join("\n");
}
