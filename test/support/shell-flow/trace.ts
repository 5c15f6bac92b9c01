import ts from 'typescript';
import { type Place, ShellReader } from './lexer.ts';
import { type Flow, declarationOf, functionOf, results, valueOf } from './program.ts';

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly why: string;
  /** The places between the shell and what was found, the shell first. */
  readonly way: readonly string[];
}

/** List methods that give back what was in the list. */
const KEEPING = [
  'filter',
  'concat',
  'reverse',
  'sort',
  'toSorted',
  'flat',
  'join',
  'trim',
  'trimEnd',
  'at',
  'find',
];

/**
 * Follows shell text back to all it is made of: text of the program itself, or a value that went through `quote` or
 * `sh`. What is neither, numbers among them, is a finding, and so is what cannot be followed.
 */
export function trace(flow: Flow, sinks: readonly ts.Expression[], quoting: readonly string[]): Finding[] {
  const { checker } = flow;
  const findings = new Map<ts.Node, Finding>();
  const seen = new Set<ts.Node>();
  const way: ts.Node[] = [];

  const find = (node: ts.Node, why: string): void => {
    const { file, line } = placeOf(node);
    const steps = new Set(way.map((one) => placeOf(one)).map((place) => `${place.file}:${place.line}`));
    findings.set(node, { file, line, text: node.getText().replaceAll(/\s+/g, ' '), why, way: [...steps] });
  };

  const follow = (node: ts.Node | undefined): void => {
    if (node === undefined || seen.has(node)) return;
    seen.add(node);
    if (isConstant(node)) return;
    way.push(node);
    look(node);
    way.pop();
  };

  const look = (node: ts.Node): void => {
    if (ts.isTemplateExpression(node)) template(node);
    else if (ts.isTaggedTemplateExpression(node)) tagged(node);
    else if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSpreadElement(node))
      follow(node.expression);
    else if (ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node) || ts.isAwaitExpression(node))
      follow(node.expression);
    else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(follow);
    else if (ts.isBinaryExpression(node)) binary(node);
    else if (ts.isArrayLiteralExpression(node)) node.elements.forEach(follow);
    else if (ts.isObjectLiteralExpression(node))
      node.properties.forEach((one) => {
        follow(valueOf(one) ?? one);
      });
    else if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) results(node).forEach(follow);
    else if (ts.isCallExpression(node)) call(node);
    else if (ts.isElementAccessExpression(node)) follow(node.expression);
    else if (ts.isNewExpression(node) && node.expression.getText() === 'Set') node.arguments?.forEach(follow);
    else if (ts.isPropertyAccessExpression(node)) field(node);
    else if (ts.isIdentifier(node)) name(node);
    else find(node, 'cannot be followed');
  };

  const isConstant = (node: ts.Node): boolean => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isNumericLiteral(node))
      return true;
    if (!ts.isExpression(node)) return false;
    const type = checker.getTypeAtLocation(node);
    const parts = type.isUnion() ? type.types : [type];
    return parts.every((part) => part.isStringLiteral() || (part.flags & EMPTY) !== 0);
  };

  const isNumber = (node: ts.Node): boolean =>
    (checker.getTypeAtLocation(node).flags & ts.TypeFlags.NumberLike) !== 0;

  const isQuoting = (node: ts.Node): boolean => {
    const declared = declarationOf(checker, node);
    const named = declared && ts.getNameOfDeclaration(declared)?.getText();
    return named !== undefined && quoting.includes(`${declared?.getSourceFile().fileName ?? ''}#${named}`);
  };

  const template = (node: ts.TemplateExpression): void => {
    const reader = new ShellReader();
    reader.read(node.head.text);
    let before = node.head.text;
    for (const { expression, literal } of node.templateSpans) {
      within(reader.place, expression);
      if (/\b(?:ba|da)?sh -c $/.test(before)) inner(expression);
      follow(expression);
      before = literal.text;
      reader.read(literal.text);
    }
  };

  const tagged = (node: ts.TaggedTemplateExpression): void => {
    if (!isQuoting(node.tag)) {
      find(node, 'a tag that does not quote');
      return;
    }
    if (ts.isNoSubstitutionTemplateLiteral(node.template)) return;
    const reader = new ShellReader();
    reader.read(node.template.head.text);
    for (const { expression, literal } of node.template.templateSpans) {
      if (reader.place !== 'plain' && !isConstant(expression))
        find(expression, `quoted within ${reader.place} quotes`);
      reader.read(literal.text);
    }
  };

  /** Within quotes of the text itself, what `quote` adds would be letters, and what it guards would be read. */
  const within = (place: Place, node: ts.Expression): void => {
    if (place === 'plain' || place === 'comment') return;
    if (ts.isCallExpression(node) && isQuoting(node.expression)) find(node, `quoted within ${place} quotes`);
    if (ts.isTaggedTemplateExpression(node)) find(node, `quoted within ${place} quotes`);
  };

  /** The one word that another shell reads as its text: what was quoted whole is looked into. */
  const inner = (node: ts.Expression): void => {
    if (ts.isCallExpression(node) && isQuoting(node.expression)) node.arguments.forEach(follow);
  };

  const binary = ({ left, right, operatorToken }: ts.BinaryExpression): void => {
    if (operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken) follow(left);
    follow(right);
  };

  const call = (node: ts.CallExpression): void => {
    const callee = node.expression;
    if (isQuoting(callee)) return;
    const own = functionOf(checker, callee);
    if (own) {
      results(own).forEach(follow);
      return;
    }
    if (!ts.isPropertyAccessExpression(callee)) {
      find(node, 'calls what cannot be followed');
      return;
    }
    const method = callee.name.text;
    if (method === 'map' || method === 'flatMap') {
      const [made] = node.arguments;
      if (made && isQuoting(made)) return;
      const maker = made && functionOf(checker, made);
      if (maker) results(maker).forEach(follow);
      else find(node, 'calls what cannot be followed');
    } else if (KEEPING.includes(method)) {
      follow(callee.expression);
      if (method === 'concat' || method === 'join') node.arguments.forEach(follow);
    } else if (callee.expression.getText() === 'Object' && (method === 'entries' || method === 'values')) {
      node.arguments.forEach(follow);
    } else find(node, 'calls what cannot be followed');
  };

  const field = (node: ts.PropertyAccessExpression | ts.BindingElement, property?: ts.Symbol): void => {
    if (ts.isPropertyAccessExpression(node) && node.name.text === 'length' && isNumber(node)) return;
    const symbol = property ?? checker.getSymbolAtLocation((node as ts.PropertyAccessExpression).name);
    const declarations = symbol?.declarations ?? [];
    if (declarations.length === 0) find(node, 'comes from where nothing is known of');
    for (const declared of declarations) {
      if (ts.isPropertyAssignment(declared) || ts.isShorthandPropertyAssignment(declared))
        follow(valueOf(declared));
      else if (ts.isVariableDeclaration(declared)) follow(declared.initializer);
      else {
        const values = flow.fields.get(declared) ?? [];
        if (values.length === 0) find(node, 'a field of which it is not known where it comes from');
        values.forEach(follow);
      }
    }
  };

  const name = (node: ts.Identifier): void => {
    const declared = declarationOf(checker, node);
    if (declared === undefined) find(node, 'cannot be followed');
    else if (ts.isVariableDeclaration(declared)) variable(node, declared);
    else if (ts.isParameter(declared)) parameter(node, declared);
    else if (ts.isBindingElement(declared)) binding(node, declared);
    else if (ts.isFunctionDeclaration(declared)) results(declared).forEach(follow);
    else find(node, 'cannot be followed');
  };

  const variable = (node: ts.Node, declared: ts.VariableDeclaration): void => {
    if (declared.initializer) follow(declared.initializer);
    else if (ts.isForOfStatement(declared.parent.parent)) follow(declared.parent.parent.expression);
    else find(node, 'cannot be followed');
  };

  const binding = (node: ts.Node, declared: ts.BindingElement): void => {
    follow(declared.initializer);
    const pattern = declared.parent;
    if (ts.isObjectBindingPattern(pattern)) {
      const key = (declared.propertyName ?? declared.name).getText();
      field(declared, checker.getTypeAtLocation(pattern).getProperty(key));
      return;
    }
    const owner = pattern.parent;
    if (ts.isVariableDeclaration(owner)) variable(node, owner);
    else if (ts.isParameter(owner)) parameter(node, owner);
    else binding(node, owner);
  };

  const parameter = (node: ts.Node, declared: ts.ParameterDeclaration): void => {
    follow(declared.initializer);
    const owner = declared.parent as ts.FunctionLikeDeclaration;
    const index = owner.parameters.indexOf(declared);
    const calls = flow.calls.get(owner) ?? (ts.isCallExpression(owner.parent) ? [owner.parent] : []);
    if (calls.length === 0) find(node, 'a parameter of which it is not known where it comes from');
    for (const made of calls) {
      const callee = made.expression;
      if (functionOf(checker, callee) === owner) follow(made.arguments[index]);
      else if (index === 0 && ts.isPropertyAccessExpression(callee)) follow(callee.expression);
      // The second is a place in the list.
      else if (!ts.isIdentifier(callee) && index !== 1) find(node, 'cannot be followed');
    }
  };

  sinks.forEach(follow);
  return [...findings.values()];
}

const placeOf = (node: ts.Node): { readonly file: string; readonly line: number } => {
  const source = node.getSourceFile();
  return { file: source.fileName, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 };
};

const EMPTY = ts.TypeFlags.Undefined | ts.TypeFlags.Null | ts.TypeFlags.BooleanLike;
