import { quote } from '../../kernel/quote.ts';
import { Secret } from '../../kernel/secret.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import { CA_IDS } from '../../pki/spec.ts';
import {
  adminFiles,
  serviceAccountKeyFile,
  serviceAccountPublicFile,
} from '../../phases/trust/authorities.ts';
import { tokensPath } from '../../phases/control-plane/user-tokens.ts';
import { paths } from '../../kernel/host-paths.ts';

/** What a master holds of the state folder, by path; what is not there is missing. */
export type Holdings = ReadonlyMap<string, Secret>;

const FILES: readonly string[] = [
  paths.cluster,
  ...CA_IDS.flatMap((id) => [caFilesOf(id).certificate, caFilesOf(id).key]),
  serviceAccountKeyFile,
  serviceAccountPublicFile,
  adminFiles[0],
  adminFiles[1],
  paths.encryptionConfig,
  tokensPath,
];

/** Prints every file that is there in base64, behind its path; runs as root. */
export const question = `for f in ${FILES.map(quote).join(' ')}; do
  if [ -f "$f" ]; then printf '%s ' "$f"; base64 -w 0 < "$f"; echo; fi
done`;

/** Reads the answer; what was not asked for is nothing. */
export const holdings = (output: string): Holdings =>
  new Map(
    output
      .split('\n')
      .map((line) => line.split(' ', 2))
      .flatMap(([path, content]) =>
        path !== undefined && content !== undefined && FILES.includes(path)
          ? [[path, new Secret(Buffer.from(content, 'base64').toString('utf8'))] as const]
          : [],
      ),
  );
