import type { Rotated as RotatedAnswer } from '../../../answers/certificates.ts';
import { answersHere } from '../../../cluster/living-endpoint.ts';
import type { Visit } from '../../../cluster/visit-fleet.ts';
import { outcome } from '../../../cluster/visit-hosts.ts';
import { type ProcedureOptions, refuseUnconfirmed } from '../../../cluster/visit-procedure.ts';
import { visit } from '../../../cluster/visit.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { withRole } from '../../../phases/shared/topology.ts';
import type { Rotated } from '../../../pki/contents.ts';
import type { CertificateFacts } from '../../../pki/read-certificate.ts';
import { isEmpty } from '../../../plan/plan.ts';
import type { PlannedStep } from '../../../plan/planned-step.ts';
import type { Goal } from '../../../run/converge.ts';
import { sightings } from '../../../run/fleet.ts';
import { type RotationStep, leftUntil, refuseLost, runRotation } from './run-rotation.ts';
import { measureSilence } from './silence.ts';

/** What the steps of a rotation work on. */
export interface Rotating extends Visit {
  readonly goal: Goal;
  /** Names of all hosts. */
  readonly hosts: readonly string[];
  readonly stop: AbortSignal;
}

export interface RotationPlan {
  readonly what: Rotated;
  /** How far it is to go. */
  readonly last: RotatedAnswer['reached'];
  /** What goes on with it. */
  readonly command: string;
  /** The three steps, in their order; the folder may have taken some of them already. */
  readonly steps: (rotating: Rotating) => readonly RotationStep[];
  /** The certificate that is used from now on, if it has one. */
  readonly issuing: () => CertificateFacts | null;
}

export const stepOf = (
  id: string,
  title: string,
  hosts: readonly string[],
  destroys: string | null = null,
): PlannedStep => ({ id, title, hosts, destroys });

/** The ladder of a rotation: look, tell the steps that are left, ask, take them, answer. */
export const visitRotation = (
  options: ProcedureOptions,
  { what, last, command, steps, issuing }: RotationPlan,
): Promise<number> =>
  visit(options, async ({ cluster, fleet, goal }, plan) => {
    const hosts = cluster.inventory.hosts.map(({ name }) => name);
    const all = steps({ cluster, fleet, goal, hosts, stop: options.stop });
    const { left, reached } = leftUntil(last, all);
    options.emit({ type: 'procedure.planned', steps: left.map(({ planned }) => planned) });
    refuseLost(fleet);
    if (!all.some(({ taken }) => taken) && !isEmpty(plan)) {
      throw new BootstrapError('E_UP_FIRST', 'the hosts are not as the inventory wants them', {
        hint: 'A rotation brings all hosts from one state to the next, and begins where "k8s-bootstrap up" has nothing to do. Run it first. Nothing was changed.',
      });
    }
    if (options.dryRun) return outcome(fleet);
    await refuseUnconfirmed(options, {
      question: `Another ${what === 'service-account' ? 'key of service accounts' : `authority "${what}"`} takes over (${left.length} of ${all.length} steps; k8s-bootstrap ${command} goes on with it wherever it stops).`,
      word: what,
    });
    const { pki, inventory } = cluster;
    const masters = withRole({ inventory }, 'master');
    const { port } = inventory.apiServer;
    const silence = measureSilence(() =>
      Promise.any(
        masters.map(async ({ ip }) => {
          const answered = await answersHere(ip, port, pki.trustPem('cluster') ?? '');
          return answered || Promise.reject(new BootstrapError('E_API_DOWN', `${ip} does not answer`));
        }),
      ).catch(() => false),
    );
    try {
      await runRotation({ fleet, goal, stop: options.stop }, left);
    } finally {
      await silence.end();
    }
    await cluster.pointKubeconfig(sightings(fleet));
    const facts = issuing();
    options.emit({
      type: 'result',
      answer: 'certs-rotate',
      data: {
        what,
        reached,
        issuing: facts && {
          commonName: facts.commonName,
          notAfter: facts.notAfter.toISOString(),
          fingerprint: facts.x509.fingerprint256,
        },
        silentSeconds: await silence.end(),
      },
    });
    return outcome(fleet);
  });
