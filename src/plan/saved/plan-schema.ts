import * as z from 'zod';
import { PLAN_KIND, PLAN_VERSION } from './version.ts';

const text = z.strictObject({ path: z.string(), before: z.string(), after: z.string() });

const change = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('create'), summary: z.string(), text: text.optional() }),
  z.strictObject({ kind: z.literal('update'), summary: z.string(), text: text.optional() }),
  z.strictObject({ kind: z.literal('delete'), summary: z.string() }),
  z.strictObject({
    kind: z.literal('restart'),
    summary: z.string().describe('start, restart or reload'),
    because: z.array(z.string()).describe('Reasons, for a person.'),
    interrupts: z.boolean().describe('Whether something that runs is out of service for a moment.'),
  }),
  z.strictObject({
    kind: z.literal('unknown'),
    summary: z.string(),
    waitsFor: z.string().describe('What has to happen before it can be told.'),
    byItself: z.literal(true).optional(),
  }),
]);

const planned = z.strictObject({
  id: z.string().describe('Of the resource: kind, colon, name. With host and phase it names the change.'),
  title: z.string(),
  change,
});

const phase = z.strictObject({ phase: z.string(), title: z.string(), changes: z.array(planned) });
const orphans = z.array(z.string()).describe('Files that an earlier run wrote and nothing wants any more.');
const hostPlan = z.strictObject({ host: z.string(), phases: z.array(phase), orphans });

const units = z.array(z.strictObject({ unit: z.string(), hosts: z.array(z.string()) }));
const summary = z.strictObject({
  hosts: z.int().describe('Hosts that were looked at, also those without changes.'),
  changedHosts: z.int(),
  phases: z.array(z.string()).describe('Those with changes, in the order in which they are done.'),
  changes: z.int(),
  unknown: z.int().describe('Of the changes, those that are known only during the run.'),
  starts: units.describe('Units that do not run, and are started.'),
  restarts: units,
  interruptions: units.describe('Of the restarts, those that put something out of service for a moment.'),
  outages: units.describe('Of the interruptions, those that no other host makes up for.'),
  hooks: z
    .array(
      z.strictObject({
        when: z.enum(['before', 'after']),
        of: z.string().describe('up, or a phase'),
        run: z.string(),
        on: z.array(z.string()).describe('Names of hosts, or controller.'),
      }),
    )
    .describe('Commands of the inventory that are run on the way.'),
});

const at = z.iso.datetime();
const version = z.literal(PLAN_VERSION);

/** A line of `plan --json` and `up --json` for a host with something to do. */
export const hostPlanned = z.strictObject({ type: z.literal('host.planned'), plan: hostPlan, at });
/** The line behind them. */
export const planReady = z.strictObject({ type: z.literal('plan.ready'), version, summary, at });

const mac = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe('HMAC-SHA-256 by pki/plan.key of the state folder.');

const names = z.array(z.string());

/** What `plan --out` writes. */
export const savedPlan = z.strictObject({
  kind: z.literal(PLAN_KIND),
  version,
  program: z.string().describe('Version of the program that made it.'),
  cluster: z.string(),
  made: at,
  selection: z.strictObject({ only: names.optional(), skip: names.optional(), limit: names.optional() }),
  inventory: z.record(z.string(), mac).describe('Of each section of the inventory, all defaults filled in.'),
  hosts: z
    .array(
      z.strictObject({
        host: z.string(),
        nonce: z
          .string()
          .regex(/^[0-9a-f]{32}$/)
          .describe('What digests of secrets were salted with on the host, so that they can be compared.'),
        orphans,
        phases: z.array(
          phase.extend({
            changes: z.array(
              planned.extend({ was: mac.describe('Of the change, with texts, and of what was seen.') }),
            ),
          }),
        ),
      }),
    )
    .describe('All hosts that were looked at.'),
  mac: mac.describe('Of all that stands before it.'),
});

export type SavedPlan = z.infer<typeof savedPlan>;
export type SavedHost = SavedPlan['hosts'][number];

/** JSON Schema (2020-12) of what other programs read of plans, for `k8s-bootstrap schema plan`. */
export function planJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...body } = z.toJSONSchema(z.union([hostPlanned, planReady, savedPlan]), { io: 'input' });
  return { $schema, title: `Plans of k8s-bootstrap, version ${PLAN_VERSION}`, ...body };
}
