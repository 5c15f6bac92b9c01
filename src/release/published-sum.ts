import { isSha256 } from './checksums.ts';
import type { HttpClient } from './http.ts';
import type { ArtifactSource } from './source.ts';

/** The checksum that a server offers beside the file, as dl.k8s.io does; what is not pinned comes over https only. */
export async function publishedSum(http: HttpClient, source: ArtifactSource): Promise<string | undefined> {
  if (source.kind !== 'http') return undefined;
  const url = new URL(source.url);
  url.pathname += '.sha256';
  try {
    const { body } = await http.get(url, 0);
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if (chunks.length > 16) break; // no checksum is that long
    }
    const word = Buffer.concat(chunks).toString('latin1').trim().split(/\s/)[0]?.toLowerCase();
    return isSha256(word) ? word : undefined;
  } catch {
    return undefined; // most servers have none
  }
}
