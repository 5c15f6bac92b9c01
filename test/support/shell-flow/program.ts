import ts from 'typescript';

/** A program, and what its functions and fields are given anywhere in it. */
export interface Flow {
  readonly checker: ts.TypeChecker;
  readonly files: readonly ts.SourceFile[];
  /** By a function: its calls, and where it was handed on as a value. */
  readonly calls: ReadonlyMap<ts.Node, readonly ts.CallExpression[]>;
  /** By the declaration of a field: all that is ever put into it. */
  readonly fields: ReadonlyMap<ts.Node, readonly ts.Expression[]>;
}

export function flowOf(names: readonly string[], options: ts.CompilerOptions, host?: ts.CompilerHost): Flow {
  const program = ts.createProgram(names, options, host);
  const files = program.getSourceFiles().filter(({ fileName }) => names.includes(fileName));
  const checker = program.getTypeChecker();
  const calls = new Map<ts.Node, ts.CallExpression[]>();
  const fields = new Map<ts.Node, ts.Expression[]>();
  const note = <T>(map: Map<ts.Node, T[]>, key: ts.Node | undefined, value: T): void => {
    const known = key && map.get(key);
    if (known) known.push(value);
    else if (key) map.set(key, [value]);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      note(calls, functionOf(checker, node.expression), node);
      for (const argument of node.arguments) {
        if (ts.isIdentifier(argument)) note(calls, functionOf(checker, argument), node);
      }
    }
    if (ts.isObjectLiteralExpression(node)) {
      const wanted = checker.getContextualType(node);
      for (const property of node.properties) {
        const value = valueOf(property);
        if (value === undefined || property.name === undefined) continue;
        const name = property.name.getText();
        const parts = wanted?.isUnion() ? wanted.types : wanted ? [wanted] : [];
        for (const part of parts) {
          for (const declared of part.getProperty(name)?.declarations ?? []) note(fields, declared, value);
        }
      }
    }
    ts.forEachChild(node, visit);
  };
  for (const file of files) visit(file);
  return { checker, files, calls, fields };
}

export function valueOf(property: ts.ObjectLiteralElementLike): ts.Expression | undefined {
  if (ts.isPropertyAssignment(property)) return property.initializer;
  return ts.isShorthandPropertyAssignment(property) ? property.name : undefined;
}

/** What a name stands for, behind imports and the `{ name }` of a literal. */
export function declarationOf(checker: ts.TypeChecker, node: ts.Node): ts.Declaration | undefined {
  const symbol =
    ts.isIdentifier(node) && ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
  if (symbol === undefined) return undefined;
  const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return real.valueDeclaration ?? real.declarations?.[0];
}

/** The function that an expression names; through `oncePer(…)` and the like to the one inside. */
export function functionOf(checker: ts.TypeChecker, callee: ts.Node): ts.FunctionLikeDeclaration | undefined {
  if (ts.isPropertyAccessExpression(callee)) return functionOf(checker, callee.name);
  if (ts.isArrowFunction(callee) || ts.isFunctionExpression(callee)) return callee;
  const declared = ts.isIdentifier(callee) ? declarationOf(checker, callee) : undefined;
  if (declared === undefined) return undefined;
  if (ts.isFunctionDeclaration(declared) && declared.body) return declared;
  if (!(ts.isVariableDeclaration(declared) || ts.isPropertyAssignment(declared))) return undefined;
  return inner(declared.initializer);
}

function inner(value: ts.Expression | undefined): ts.FunctionLikeDeclaration | undefined {
  if (value === undefined) return undefined;
  if (ts.isArrowFunction(value) || ts.isFunctionExpression(value)) return value;
  return ts.isCallExpression(value) ? inner(value.arguments[0]) : undefined;
}

/** What a function can give back. */
export function results(of: ts.FunctionLikeDeclaration): ts.Expression[] {
  if (ts.isArrowFunction(of) && !ts.isBlock(of.body)) return [of.body];
  const found: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isReturnStatement(node) && node.expression) found.push(node.expression);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  if (of.body) ts.forEachChild(of.body, visit);
  return found;
}
