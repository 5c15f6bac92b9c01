import { quote } from '../../kernel/quote.ts';

/** A value that a file of the host has in a line; patterns are the shell's own. */
export interface ValueInFile {
  readonly file: string;
  /** All of a line up to the value: `*--data-dir=`. */
  readonly before: string;
  /** What follows the value, if anything does: `[!0-9]*`. */
  readonly after: string;
}

/**
 * Shell that puts into `$k8sb_value` what the first such line has, and nothing where no line or no file has it. It is
 * read by the shell itself: sed, head and the shell that takes what they print would be three processes.
 */
export const takeValue = ({ file, before, after }: ValueInFile): string => `k8sb_value=
[ ! -f ${quote(file)} ] || while IFS= read -r k8sb_line || [ -n "$k8sb_line" ]; do
  case $k8sb_line in ${before}*) k8sb_value=\${k8sb_line#${before}}; k8sb_value=\${k8sb_value%%${after}}; break ;; esac
done < ${quote(file)}`;
