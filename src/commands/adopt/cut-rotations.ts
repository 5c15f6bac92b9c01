import { SERVICE_ACCOUNT, trustedFile } from '../../pki/contents.ts';
import { CA_IDS } from '../../pki/spec.ts';
import { publicKeysOf } from '../../pki/trusted.ts';
import type { StateFile } from '../../state/state-files.ts';

/**
 * What to say of rotations that the lost folder was in the middle of: how far they were went with it, and the other key is
 * believed until somebody ends that.
 * @param files that were made from what a master holds
 */
export function cutRotations(files: readonly Pick<StateFile, 'name' | 'content'>[]): string[] {
  const text = (name: string): string => files.find((file) => file.name === name)?.content ?? '';
  const keys = publicKeysOf(text(SERVICE_ACCOUNT.publicKey)).length;
  return [
    ...(keys > 1
      ? [
          `a rotation of the key of service accounts was under way: tokens of ${keys} keys are believed until another one ends; run "up", then "certs rotate-sa" again`,
        ]
      : []),
    ...CA_IDS.filter((id) => text(trustedFile(id)) !== '').map(
      (id) =>
        `another authority is trusted beside "${id}", and stays so: if a rotation was under way, run "up", and when nothing needs it any more "certs trust ${id} FILE --remove" with ${trustedFile(id)}`,
    ),
  ];
}
