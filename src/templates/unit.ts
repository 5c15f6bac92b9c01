import type { ComponentName } from '../kernel/components.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { compiled } from './compiled.ts';

/** What the template of a component needs; a test holds the templates against these keys, both ways. */
export interface UnitContext {
  readonly command: string;
  readonly flagNotes: string;
  readonly revisionFile: string;
}

export interface UnitTemplates extends Readonly<Record<ComponentName, UnitContext>> {
  readonly kubelet: UnitContext & { readonly runtimeUnit: string };
  readonly etcd: UnitContext & { readonly data: string; readonly wal: string; readonly started: string };
  readonly 'k8s-bootstrap-balancer': Pick<UnitContext, 'revisionFile'> & { readonly config: string };
  readonly 'k8s-bootstrap-keepalived': Pick<UnitContext, 'revisionFile'> & { readonly config: string };
  readonly flanneld: UnitContext & { readonly nodeName: string };
}

const templates = new Map<string, ReturnType<typeof compiled>>();

/** The text of a unit. */
export function renderUnit<Name extends keyof UnitTemplates>(
  name: Name,
  context: UnitTemplates[Name],
): string {
  const template = templates.get(name) ?? compiled(`templates/systemd/${name}.service.hbs`);
  templates.set(name, template);
  return template(context);
}

/**
 * One argument of a unit's command line, as systemd reads it.
 * @see https://www.freedesktop.org/software/systemd/man/systemd.service.html#Command%20lines
 * @throws E_UNIT_VALUE for a control character, which would begin a line of its own
 */
export function unitArgument(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    throw new BootstrapError('E_UNIT_VALUE', `"${JSON.stringify(text)}" cannot stand in a unit file`, {
      hint: 'Leave out line breaks and control characters.',
    });
  }
  const escaped = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /[\s"'\\;]/.test(escaped) ? `"${escaped.replaceAll(/["\\]/g, '\\$&')}"` : escaped;
}
