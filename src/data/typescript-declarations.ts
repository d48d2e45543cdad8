import type ts from "typescript";
import type { Typescript } from "./typescript-parser.js";

/** A declaration with a doc comment. */
export interface Declaration {
  readonly kind:
    | "function"
    | "class"
    | "interface"
    | "type"
    | "enum"
    | "namespace"
    | "variable"
    | "method"
    | "property";
  /** The string of `declare module "name"`, where it stands in one. */
  readonly module: string | null;
  /** Names from the outermost enclosing declaration to its own. */
  readonly path: readonly string[];
  /** The raw doc comment. */
  readonly comment: string;
  /** Source from its first modifier to its body, without comments and on one line. */
  readonly signature: string;
  /** Source of the body, as it stands; empty where there is none. */
  readonly body: string;
  readonly exported: boolean;
  /** From 1. */
  readonly line: number;
}

/** The documented declarations of one file, in its order. Only syntax is read; private and protected members are left out. */
export function readDeclarationsOf(typescript: Typescript, fileName: string, text: string): Declaration[] {
  const file = typescript.createSourceFile(fileName, text, {
    languageVersion: typescript.ScriptTarget.Latest,
    // Comments are read from the text, which is several times faster than having them parsed.
    jsDocParsingMode: typescript.JSDocParsingMode.ParseNone,
  });
  const found: Declaration[] = [];
  const visit = (node: ts.Node, module: string | null, path: readonly string[], exported: boolean): void => {
    if (typescript.isModuleDeclaration(node)) {
      // `declare module "fs"` and `declare global` name a place, not a thing.
      const place = typescript.isStringLiteral(node.name) || node.name.text === "global";
      const within = typescript.isStringLiteral(node.name) ? node.name.text : module;
      const inside = place ? path : [...path, node.name.text];
      if (!place) add(node, "namespace", node.name.text, module, path, exported);
      if (node.body === undefined) return;
      const children = typescript.isModuleBlock(node.body) ? node.body.statements : [node.body];
      for (const child of children) visit(child, within, inside, true);
      return;
    }
    const kind = kindOf(typescript, node);
    if (kind === null) return;
    if (typescript.isVariableStatement(node)) {
      const shown = exported || hasModifier(typescript, node, "export");
      for (const declaration of node.declarationList.declarations) {
        if (typescript.isIdentifier(declaration.name)) add(node, kind, declaration.name.text, module, path, shown);
      }
      return;
    }
    const name = nameOf(typescript, node);
    if (name === null || hasModifier(typescript, node, "private", "protected")) return;
    const shown = exported || hasModifier(typescript, node, "export");
    add(node, kind, name, module, path, shown);
    if (
      typescript.isClassDeclaration(node) ||
      typescript.isInterfaceDeclaration(node) ||
      typescript.isEnumDeclaration(node)
    ) {
      for (const member of node.members) visit(member, module, [...path, name], shown);
    }
  };
  const add = (
    node: ts.Node,
    kind: Declaration["kind"],
    name: string,
    module: string | null,
    path: readonly string[],
    exported: boolean,
  ): void => {
    const comment = docComment(typescript, file, node);
    if (comment === null) return;
    const start = node.getStart(file);
    const bodyAt = bodyStart(typescript, file, node);
    found.push({
      kind,
      module,
      path: [...path, name],
      comment,
      signature: oneLine(text.slice(start, bodyAt)),
      body: text.slice(bodyAt, node.end),
      exported,
      line: typescript.getLineAndCharacterOfPosition(file, start).line + 1,
    });
  };
  for (const statement of file.statements) visit(statement, null, [], false);
  return found;
}

function kindOf(typescript: Typescript, node: ts.Node): Declaration["kind"] | null {
  if (typescript.isFunctionDeclaration(node)) return "function";
  if (typescript.isClassDeclaration(node)) return "class";
  if (typescript.isInterfaceDeclaration(node)) return "interface";
  if (typescript.isTypeAliasDeclaration(node)) return "type";
  if (typescript.isEnumDeclaration(node)) return "enum";
  if (typescript.isVariableStatement(node)) return "variable";
  if (typescript.isMethodDeclaration(node) || typescript.isMethodSignature(node)) return "method";
  const property =
    typescript.isPropertyDeclaration(node) ||
    typescript.isPropertySignature(node) ||
    typescript.isAccessor(node) ||
    typescript.isEnumMember(node);
  return property ? "property" : null;
}

function nameOf(typescript: Typescript, node: ts.Node): string | null {
  const name = (node as ts.NamedDeclaration).name;
  if (name === undefined) return null;
  return typescript.isIdentifier(name) || typescript.isStringLiteral(name) ? name.text : null;
}

function hasModifier(typescript: Typescript, node: ts.Node, ...names: readonly string[]): boolean {
  if (!typescript.canHaveModifiers(node)) return false;
  return (typescript.getModifiers(node) ?? []).some((m) => names.includes(typescript.tokenToString(m.kind) ?? ""));
}

/** The last comment before the node that starts with two stars. One behind other code must stand on the node's own line. */
function docComment(typescript: Typescript, file: ts.SourceFile, node: ts.Node): string | null {
  const { text } = file;
  const start = node.getStart(file);
  const behind = typescript.getTrailingCommentRanges(text, node.pos) ?? [];
  const before = typescript.getLeadingCommentRanges(text, node.pos) ?? [];
  return (
    [...behind.filter(({ end }) => !text.slice(end, start).includes("\n")), ...before]
      .map(({ pos, end }) => text.slice(pos, end))
      .filter((comment) => comment.startsWith("/**") && comment.length > 5)
      .at(-1) ?? null
  );
}

/** Where a function's block or the braces of a class begin; the node's end where there is neither. */
function bodyStart(typescript: Typescript, file: ts.SourceFile, node: ts.Node): number {
  if (typescript.isFunctionLike(node)) return (node as ts.FunctionDeclaration).body?.getStart(file) ?? node.end;
  if (typescript.isModuleDeclaration(node)) return node.body?.getStart(file) ?? node.end;
  if (
    typescript.isClassDeclaration(node) ||
    typescript.isInterfaceDeclaration(node) ||
    typescript.isEnumDeclaration(node)
  ) {
    return file.text.lastIndexOf("{", node.members.pos);
  }
  return node.end;
}

/** Source without comments, on one line. */
export function oneLine(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//gu, " ")
    .replace(/(^|\s)\/\/[^\n]*/gu, "$1")
    .replace(/\s+/gu, " ")
    .replace(/[\s;,]+$/u, "");
}
