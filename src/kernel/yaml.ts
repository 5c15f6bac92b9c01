import { CORE_SCHEMA, YAMLException, load, loadAll } from 'js-yaml';
import { BootstrapError } from './errors.ts';

/**
 * The one YAML document (1.2, core schema) of a text.
 * @param options.maxAliases how many aliases may stand in it; the library's own limit by default
 * @throws E_YAML with reason, line and column, and without a word of the text: it may be a file of secrets
 */
export const readYaml = (text: string, options: { readonly maxAliases?: number } = {}): unknown =>
  withoutText(() => load(text, { schema: CORE_SCHEMA, ...options }));

/** All documents of a text, as `readYaml`. */
export const readYamlAll = (text: string): unknown[] =>
  withoutText(() => loadAll(text, { schema: CORE_SCHEMA }));

function withoutText<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // The error itself, and so the `cause` that it would be, holds the whole text.
    const where = error.mark ? ` in line ${error.mark.line + 1}, column ${error.mark.column + 1}` : '';
    throw new BootstrapError('E_YAML', `not YAML${where}: ${plainReason(error.reason)}`);
  }
}

/** Some reasons end with what was found: `unidentified alias "name"`, `unknown scalar tag !<name>`. */
const plainReason = (reason: string): string => reason.replace(/:? (?:for )?(?:"|!<).*$|: .*$/s, '');
