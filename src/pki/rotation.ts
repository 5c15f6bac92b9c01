import { BootstrapError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import type { Authority, KeyFiles } from './authority.ts';
import { bundle } from './trusted.ts';
import type { CaId } from './spec.ts';
import { type Contents, type Rotated, type Rotation, rotatedFiles } from './contents.ts';
import {
  type PairTexts,
  type Write,
  beginning,
  dropping,
  ending,
  handingOver,
  readyFile,
  settling,
} from './rotation-files.ts';

/** What is done next on the way from one pair to another: see docs/decisions/021-ca-rotation.md. */
export type Turn =
  /** The pair is believed beside the one in use. */
  | { readonly to: 'begun'; readonly pair: PairTexts }
  /** All is ready for the next step, from this moment on. */
  | { readonly to: 'ready'; readonly at: Date }
  /** It was not: hosts are still to be changed. */
  | { readonly to: 'unready' }
  | { readonly to: 'handed-over' }
  | { readonly to: 'dropped' }
  | { readonly to: 'ended' };

/** How far one has got, and the other pair: its public part, PEM, and its key, which may be locked. */
export interface RotationState extends Pick<Rotation<unknown>, 'step' | 'ready'> {
  readonly other: { readonly open: string; readonly key: Secret | undefined } | undefined;
}

export function rotationState(contents: Contents, what: Rotated): RotationState | undefined {
  const found = rotationIn(contents, what);
  if (!found) return undefined;
  const { step, ready, other } = found;
  if (!other) return { step, ready, other };
  const [open, key] =
    'publicKey' in other ? [other.publicKey, other.privateKey] : [other.certificate, other.keyPem];
  return { step, ready, other: { open, key } };
}

/** Authorities that are believed beside the one in use, as one hands over to another. */
export function believedIn(contents: Contents, id: CaId): readonly Authority[] {
  const { step, other } = contents.rotations[id] ?? {};
  return other && step !== 'dropped' ? [other] : [];
}

/** Certificates that hosts trust beside that of the one in use, PEM each. */
export const trustedIn = (contents: Contents, id: CaId): readonly string[] => [
  ...(contents.trusted[id] ?? []),
  ...believedIn(contents, id).map(({ certificate }) => certificate),
];

/** The same of service accounts, with the key in use before it; PEM. */
export function tokenKeysIn({ serviceAccount, serviceAccountRotation: turn }: Contents): string | undefined {
  const other = turn?.step === 'dropped' ? undefined : turn?.other?.publicKey;
  return serviceAccount && bundle(serviceAccount.publicKey, other === undefined ? [] : [other]);
}

const rotationIn = (
  contents: Contents,
  what: Rotated,
): Rotation<Authority> | Rotation<KeyFiles> | undefined =>
  what === 'service-account' ? contents.serviceAccountRotation : contents.rotations[what];

/**
 * What a turn comes to in the folder, one write after the other. After each of them, keys are read as before the turn or
 * as after it. Keys have to be open. Pure.
 * @throws E_STATE_RACE when it is not what comes next
 */
export function writesOf(contents: Contents, what: Rotated, turn: Turn): readonly Write[] {
  const files = rotatedFiles(what);
  const rotation = rotationIn(contents, what);
  const own = textsOf(what === 'service-account' ? contents.serviceAccount : contents.authorities[what]);
  const other = textsOf(rotation?.other);
  const settled = rotation?.unsettled && own ? settling(files, own) : [];
  if (turn.to === 'begun' && !rotation && own) return beginning(files, turn.pair);
  if (turn.to === 'ready' && rotation) {
    const content = `${turn.at.toISOString()}\n`;
    return [...settled, { put: { name: readyFile(files), content, secret: false } }];
  }
  if (turn.to === 'unready' && rotation) return [...settled, { remove: readyFile(files) }];
  if (turn.to === 'handed-over' && rotation?.step === 'begun' && own && other)
    return handingOver(files, own, other);
  if (turn.to === 'dropped' && rotation?.step === 'handed-over') return [...settled, ...dropping(files)];
  if (turn.to === 'ended' && rotation?.step === 'dropped') return ending(files);
  throw new BootstrapError(
    'E_STATE_RACE',
    `the rotation of "${what}" has got to another step meanwhile (${rotation?.step ?? 'none'})`,
    { hint: 'Another run uses the same state folder. Wait for it, then run this again.' },
  );
}

function textsOf(pair: Authority | KeyFiles | undefined): PairTexts | undefined {
  if (!pair) return undefined;
  if ('publicKey' in pair)
    return pair.privateKey && { open: pair.publicKey, key: pair.privateKey.reveal(), chain: '' };
  const { certificate, keyPem, parents } = pair;
  return keyPem && { open: certificate, key: keyPem.reveal(), chain: parents.join('') };
}
