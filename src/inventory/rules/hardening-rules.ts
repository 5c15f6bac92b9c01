import { COMPONENTS, CONFIGURED } from '../../kernel/components.ts';
import { isMapping } from '../../kernel/mapping.ts';
import type { Requirement } from '../../kernel/requirement.ts';
import type { Path } from '../problem.ts';
import { SECTIONS } from '../sections.ts';
import { eachFlag } from './component-rules.ts';
import type { Report, Rule } from './rule.ts';

/** The reference of both configuration files, for fields. */
const FIELDS_REFERENCE = 'https://kubernetes.io/docs/reference/config-api/';

/** Open doors that the course's profile has on purpose, and the others must not have. */
export const courseIsOpen: Rule = ({ profile }, report) => {
  if (profile !== 'course') return;
  report.warning(
    ['profile'],
    'anybody who reaches port 8080 of a master is its administrator, without logging in',
    { hint: 'For learning, in a closed network; profile secure is the default.' },
  );
};

export const flagsStayHardened: Rule = (inventory, report, { release }) => {
  const byName = new Map(COMPONENTS.map((component) => [component, release.hardening(component).flags]));
  eachFlag(inventory, (component, flag, value, path) => {
    const { known, link } = release.flag(component, flag);
    if (!known) return;
    const shown = value === null ? `without --${flag}` : `with --${flag}=${value}`;
    const requirements = byName.get(component)?.filter(({ name }) => name === flag) ?? [];
    check(requirements, value, { path, shown: `${component} ${shown}`, link }, inventory.profile, report);
  });
};

export const fieldsStayHardened: Rule = (inventory, report, { release }) => {
  for (const component of CONFIGURED) {
    const section = SECTIONS[component];
    for (const requirement of release.hardening(component).fields) {
      const given = fieldAt(inventory[section].config, requirement.name.split('.'));
      if (given === undefined) continue;
      const { value, depth } = given;
      const path = [section, 'config', ...requirement.name.split('.').slice(0, depth)];
      const shown = `${component} ${value === null ? `without ${requirement.name}` : `with ${requirement.name}: ${value}`}`;
      check([requirement], value, { path, shown, link: FIELDS_REFERENCE }, inventory.profile, report);
    }
  }
};

interface Given {
  readonly path: Path;
  /** The setting, as a message has it. */
  readonly shown: string;
  readonly link: string;
}

function check(
  requirements: readonly Requirement[],
  value: string | null,
  { path, shown, link }: Given,
  profile: string,
  report: Report,
): void {
  if (profile === 'course') return;
  for (const { isBroken, because, cis, onlyInCourse, profile: own } of requirements) {
    if ((own !== undefined && own !== profile) || !isBroken(value)) continue;
    const id = cis.length === 0 ? '' : ` (CIS ${cis.join(', ')})`;
    const refused = profile === 'cis' || onlyInCourse;
    const message = refused
      ? `${shown} is refused in profile ${profile}: ${because}`
      : `${shown}: ${because}`;
    const hint = `${onlyInCourse ? 'Only profile course has it. ' : ''}See ${link}.`;
    report[refused ? 'error' : 'warning'](path, `${message}${id}`, { atKey: true, hint });
  }
}

/** What a configuration says of a field, and how far down that is said: `null` above it takes it away too. */
function fieldAt(
  config: unknown,
  names: readonly string[],
): { readonly value: string | null; readonly depth: number } | undefined {
  let here = config;
  for (const [index, name] of names.entries()) {
    if (!isMapping(here) || !Object.hasOwn(here, name)) return undefined;
    here = here[name];
    if (here === null) return { value: null, depth: index + 1 };
  }
  if (Array.isArray(here)) return { value: here.join(','), depth: names.length };
  return isMapping(here) ? undefined : { value: String(here), depth: names.length };
}
