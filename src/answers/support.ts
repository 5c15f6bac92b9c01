/** An archive to attach to a report. */
export interface SupportArchive {
  readonly file: string;
  readonly files: number;
  /** Those that were looked at. */
  readonly hosts: readonly string[];
}
