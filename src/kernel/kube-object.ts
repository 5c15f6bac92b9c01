/** An object of Kubernetes, as a manifest or an API server has it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    /** That it is to go, and waits for who still uses it. */
    readonly deletionTimestamp?: string;
  };
  readonly [field: string]: unknown;
}
