import { createHmac } from 'node:crypto';
import { canonical } from '../../kernel/canonical.ts';
import type { Secret } from '../../kernel/secret.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { type HostPlan, type PlannedChange, withoutTexts } from '../plan.ts';
import type { Resource } from '../../resources/resource.ts';
import type { Stage } from '../stage.ts';
import type { SavedHost } from './plan-schema.ts';

/** HMAC-SHA-256 of plain data, whatever the order of its keys: who has not the key cannot guess what it is of. */
export const keyed = (key: Secret, value: unknown): string =>
  createHmac('sha256', Buffer.from(key.reveal(), 'base64')).update(canonical(value)).digest('hex');

/**
 * A host's plan as it is kept: without texts, each change with a digest of itself, of the texts, of what was seen of what
 * it changes, and of what no plan shows and will be there.
 * @param told with the texts of files, as far as they may be shown
 */
export function savedHost(stages: readonly Stage[], seen: Observed, told: HostPlan, key: Secret): SavedHost {
  const plain = withoutTexts(told);
  return {
    host: told.host,
    nonce: seen.nonce,
    orphans: [...told.orphans],
    phases: told.phases.map(({ phase, title, changes }, index) => {
      const resources = stages.find(({ id }) => id === phase)?.resources(told.host) ?? [];
      const byId = new Map(resources.map((resource) => [resource.id, resource]));
      return {
        phase,
        title,
        changes: changes.map((planned, at) => ({
          ...kept(plain.phases[index]?.changes[at] ?? planned),
          was: keyed(key, [shownOf(planned), ...behind(byId.get(planned.id), seen)]),
        })),
      };
    }),
  };
}

/** What a change is not shown with: what was seen, and what will be there. */
const behind = (resource: Resource | undefined, seen: Observed): unknown[] => [
  resource?.watches.map((one) => state(seen, one)),
  resource?.wants?.(),
];

type Kept = Omit<SavedHost['phases'][number]['changes'][number], 'was'>;

/** What is to be looked at before it can be shown is nobody's business afterwards. */
function shownOf({ id, title, change }: PlannedChange): unknown {
  return { id, title, change: { ...change, toBeShown: undefined } };
}

const kept = (planned: PlannedChange): Kept => JSON.parse(JSON.stringify(shownOf(planned))) as Kept;

/** What was seen by one question, without what moves by itself. */
function state(seen: Observed, watch: Watch): unknown {
  const name = `${watch.kind}:${watch.key}`;
  switch (watch.kind) {
    case 'file': {
      const found = seen.file(watch.key);
      return [name, found?.type === 'file' ? { ...found, content: undefined } : found];
    }
    case 'unit': {
      const { load, active, enabled, needsReload, runningRevision, diskRevision, binaryReplaced } =
        seen.unit(watch.key) ?? {};
      return [name, load, active, enabled, needsReload, runningRevision, diskRevision, binaryReplaced];
    }
    case 'object': {
      const { status, body } = seen.object(watch.key) ?? {};
      return [name, status, settled(body)];
    }
    case 'endpoint':
      return name;
    case 'package':
    case 'sysctl':
    case 'module':
    case 'answer':
      return [name, seen[watch.kind](watch.key)];
  }
}

/** Of an object what somebody has set: the server counts its versions, and controllers tell how it fares. */
function settled(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(settled);
  if (typeof body !== 'object' || body === null) return body;
  const set = Object.entries(body).filter(([name]) => !KEPT_BY_SERVER.has(name));
  return Object.fromEntries(set.map(([name, item]) => [name, settled(item)]));
}

const KEPT_BY_SERVER: ReadonlySet<string> = new Set(['status', 'resourceVersion', 'generation']);
