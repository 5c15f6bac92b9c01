import ts from 'typescript';
import { type Flow, declarationOf, valueOf } from './program.ts';

/** Text of a program that a host keeps. */
const isScript = (node: ts.Node): node is ts.Expression => {
  const text = ts.isTemplateExpression(node) ? node.head.text : ts.isStringLiteralLike(node) ? node.text : '';
  return text.startsWith('#!');
};

/**
 * Where text becomes a shell's: fields of a declared type (`src/resources/step.ts#script`), and the first argument of a
 * method (`src/transport/session.ts#exec()`); `#!` is all text that
 * begins so, `*.sh` what files of such names hold.
 */
export function sinksOf(flow: Flow, places: readonly string[]): Map<string, ts.Expression[]> {
  const found = new Map<string, ts.Expression[]>(places.map((place) => [place, []]));
  const at = (node: ts.Node, name: string): ts.Expression[] | undefined =>
    found.get(`${node.getSourceFile().fileName}#${name}`);
  for (const [declared, values] of flow.fields) {
    const name = (declared as ts.NamedDeclaration).name?.getText() ?? '';
    at(declared, name)?.push(...values);
  }
  /** What a shell reads at login: `{ path: '….sh', content }`. */
  const profile = (node: ts.ObjectLiteralExpression): ts.Expression[] => {
    const value = (name: string): ts.Expression | undefined =>
      node.properties.flatMap((one) => (one.name?.getText() === name ? (valueOf(one) ?? []) : []))[0];
    const [path, content] = [value('path'), value('content')];
    const type = path && flow.checker.getTypeAtLocation(path);
    return content && type?.isStringLiteral() && type.value.endsWith('.sh') ? [content] : [];
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.arguments[0]) {
      const declared = declarationOf(
        flow.checker,
        ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression,
      );
      const name = declared && ts.getNameOfDeclaration(declared)?.getText();
      if (declared && name) at(declared, `${name}()`)?.push(node.arguments[0]);
    }
    if (isScript(node)) found.get('#!')?.push(node);
    if (ts.isObjectLiteralExpression(node)) found.get('*.sh')?.push(...profile(node));
    ts.forEachChild(node, visit);
  };
  for (const file of flow.files) visit(file);
  return found;
}
